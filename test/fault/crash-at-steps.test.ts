import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Step, steps } from '../../src/ports/failpoints.ts';
import type { Daemon } from '../support/daemon.ts';
import { forEachConcurrently } from '../support/for-each-concurrently.ts';
import { onDisk, stateOfRoot, verified } from '../support/inspect-store.ts';
import { suiteNeeding } from '../support/requirements.ts';
import { createSandbox } from '../support/sandbox.ts';
import { CallFailure, kindName, type SnapshotsClient } from '../support/snapshots-client.ts';
import { waitFor } from '../support/wait-for.ts';
import { collectGarbage } from './collect-garbage.ts';
import { type DriverUnderTest, driversUnderTest, isStepOf } from './drivers.ts';
import { type Call, endingScript, fullScript, type Listed, retentionScript } from './script.ts';
import { createServing, type Serving } from './serving.ts';

/** Small, so that a short script reaches rotations and checkpoints. */
const settings = 'log = { segment_bytes = "64KiB" }\ncheckpoint = { every = 4 }';

/** The failpoints of consecutive daemons; each of them kills its daemon. */
type Daemons = readonly string[];

/** Keeps the pool empty: volumes are then created in their place. */
const noPool = 'pool.fill=error(EIO)';

/** Failpoints that leave work for the next start, by driver. */
const leftOver: Readonly<Record<string, string>> = {
  overlay: `overlay.create.work=kill;${noPool}`,
  btrfs: `btrfs.create.name=kill;${noPool}`,
};

/** The daemons to kill at a step, one list per store. Most steps are reached once by every call. */
function killsAt(step: Step, driver: string): readonly Daemons[] {
  const kill = `${step}=kill`;
  if (step === 'undo.prepare') return [[`prepare.volume=error(EIO)@1;${kill}`]];
  if (step === 'undo.commit') return [[`commit.freeze=error(EIO)@1;${kill}`]];
  // The log's third write is the first prepare: the first two are the store's creation and its opening.
  if (step === 'undo.volume') return [[`log.write=error(ENOSPC)@3;${kill}`]];
  if (step === 'undo.record') return [[`log.write=error(ENOSPC)@3;undo.volume=error(EIO);${kill}`]];
  if (step.startsWith('reconcile.')) return [[leftOver[driver] ?? '', kill]];
  // The order of log and checkpoints is the same with every driver.
  if (step === 'log.write' || step === 'log.sync')
    return (driver === 'overlay' ? [1, 2, 3, 6] : [3]).map((at) => [`${kill}@${at}`]);
  if (step.startsWith('checkpoint.') && driver === 'overlay') return [[`${kill}@1`], [`${kill}@2`]];
  // Each part of a volume, and of the next one.
  if (step === 'pool.fill') return [1, 2, 3, 4].map((at) => [`${kill}@${at}`]);
  if (step.startsWith(`${driver}.create.`)) return [[`${kill};${noPool}`]];
  if (step.startsWith('prepare.')) return [[`${kill}@2`]];
  return [[kill]];
}

const codeOf = (call: Call, client: SnapshotsClient) =>
  call.run(client).then(
    () => 'OK',
    (error) => (error instanceof CallFailure ? error.code : assert.unreachable(String(error))),
  );

/** Makes the calls of a script in order, and repeats each until it is answered. */
interface Progress {
  readonly calls: readonly Call[];
  next: number;
  list: Listed;
}

async function listOf(client: SnapshotsClient): Promise<Listed> {
  const infos = await client.list();
  return infos.map(({ name, kind, parent, labels }) => {
    const { colour } = labels;
    return `${name} ${kindName(kind)} ${parent} ${colour === undefined ? '' : `colour=${colour}`}`;
  });
}

const same = (one: Listed, other: Listed) => [...one].sort().join('\n') === [...other].sort().join('\n');

/** Continues until all calls are answered, or one is not, because the daemon has been killed. `pause` follows each call. */
async function run(progress: Progress, client: SnapshotsClient, pause = async () => {}): Promise<void> {
  for (; progress.next < progress.calls.length; progress.next += 1) {
    const call = progress.calls[progress.next];
    const code = call === undefined ? 'OK' : await codeOf(call, client);
    if (call === undefined || code !== 'OK') return;
    progress.list = call.after(progress.list);
    await pause();
  }
}

/** Everything acknowledged exists, and the interrupted call gets the expected answer at its first repetition. */
async function takeUp(progress: Progress, client: SnapshotsClient): Promise<void> {
  const list = await listOf(client);
  const call = progress.calls[progress.next];
  if (call === undefined) {
    assert.ok(same(list, progress.list), `acknowledged ${progress.list}, found ${list}`);
    return;
  }
  const after = call.after(progress.list);
  assert.ok(same(list, progress.list) || same(list, after), `at ${call.name}: before ${progress.list}, found ${list}`);
  const isDone = same(list, after) && !same(progress.list, after);
  assert.is(await codeOf(call, client), isDone ? call.doneAlready : 'OK', `${call.name}, tried again`);
  progress.list = after;
  progress.next += 1;
}

/** Runs the whole script, with daemons killed at failpoints and restarted. */
async function runWithKills(
  { serving, script }: { serving: Serving; script: typeof fullScript },
  driver: DriverUnderTest,
  daemons: Daemons,
): Promise<void> {
  const layerOf = async (key: string) => {
    const snapshot = (await stateOfRoot(serving.root)).index.get(key);
    assert.ok(snapshot, `${key} is not in the log`);
    return driver.layer(serving.root, snapshot);
  };
  const fill = async (key: string) => {
    const layer = await layerOf(key);
    writeFileSync(join(layer, 'file'), `content of ${key}`);
    await driver.nest(layer);
  };
  const progress: Progress = { calls: script(fill), next: 0, list: [] };
  for (const daemon of daemons) await untilKilled(serving, progress, daemon);
  const daemon = await serving.start();
  const client = serving.connect();
  await takeUp(progress, client);
  await run(progress, client);
  assert.is(progress.next, progress.calls.length, `stuck at ${progress.calls[progress.next]?.name}`);
  // A script for retention commits only the first two.
  const committed = ['A', 'B', ...(script === fullScript ? ['R', 'S'] : [])];
  for (const key of committed)
    assert.is(readFileSync(join(await layerOf(key), 'file'), 'utf8'), `content of ${key.toLowerCase()}`);
  await client.cleanup();
  await expectVerified(serving.root);
  await collectGarbage(client);
  await daemon.stop();
  await expectVerified(serving.root);
}

/** Without retention nothing of a removed snapshot is left. */
async function emptied(serving: Serving): Promise<void> {
  const daemon = await serving.start();
  await waitFor('an empty disk', () => onDisk(serving.root).snapshots.length === 0);
  await daemon.stop();
}

async function expectVerified(root: string): Promise<void> {
  const { status, text } = await verified(root);
  assert.is(status, 0, text);
}

/** Resolves when the pool holds two volumes, or the daemon has ended. */
async function filledPool(root: string, daemon: Daemon): Promise<void> {
  let ended = false;
  void daemon.ended.then(() => {
    ended = true;
  });
  const complete = () => readdirSync(join(root, 'pool')).filter((name) => existsSync(join(root, 'pool', name, 'work')));
  await waitFor('two volumes in the pool', () => ended || complete().length >= 2);
}

/** Runs until the daemon's failpoint kills it: at its start, during the calls, after them, or during its stop. */
async function untilKilled(serving: Serving, progress: Progress, failpoints: string): Promise<void> {
  const daemon = await serving.start(failpoints).catch((error: Error) => {
    assert.match(error.message, ' ended:');
  });
  if (daemon === undefined) return;
  const client = serving.connect();
  // The pool is filled in the background, and on a slow disk with pauses: the next call waits until there is something to take.
  await run(progress, client, failpoints.startsWith('pool.') ? () => filledPool(serving.root, daemon) : undefined);
  client.close();
  // `stop` rejects if the daemon was killed, which is expected here.
  await daemon.stop().catch(() => {});
  assert.not.match(daemon.log(), '"msg":"stopped"', `${failpoints} was not reached`);
}

/** What is run for the steps of a part that the script does not reach. */
const scripts: Readonly<Record<string, { readonly retention?: string; readonly script: typeof fullScript }>> = {
  restore: { retention: 'min_free = "0%"', script: retentionScript },
  retention: { retention: 'keep = 0', script: endingScript },
};

/** The number of stores whose daemons run concurrently. */
const atOnce = 3;

function crashTests(test: Test, driver: DriverUnderTest): void {
  const surviveInNewRoot = async ({ step, daemons }: { step: Step; daemons: Daemons }) => {
    const sandbox = createSandbox('crash-at');
    try {
      const root = driver.newRoot(sandbox);
      const options = { driver: driver.name, root, settings };
      const { retention, script } = scripts[partOf(step)] ?? { script: fullScript };
      const serving = createServing(sandbox, { ...options, ...(retention !== undefined && { retention }) });
      await runWithKills({ serving, script }, driver, daemons);
      // The settings are rewritten: without retention nothing of a removed snapshot is left.
      if (retention !== undefined) await emptied(createServing(sandbox, options));
      assert.equal(onDisk(root), { snapshots: [], quarantine: [] });
      assert.equal(readdirSync(join(root, 'pool')), []);
    } catch (error) {
      throw new Error(`${daemons.join(', then ')}: ${error}`);
    } finally {
      await sandbox.close();
    }
  };
  const own = steps.filter((step) => isStepOf(driver, step));
  for (const part of new Set(own.map(partOf)))
    test(`a daemon killed at any step of its ${part} only needs a restart`, async () => {
      const all = own
        .filter((step) => partOf(step) === part)
        .flatMap((step) => killsAt(step, driver.name).map((daemons) => ({ step, daemons })));
      await forEachConcurrently(all, atOnce, surviveInNewRoot);
    });
}

const partOf = (step: Step): string => step.split('.')[0] ?? '';

for (const driver of driversUnderTest) {
  const test = suiteNeeding(`crashes on ${driver.name}`, ...driver.needs);
  crashTests(test, driver);
  test.run();
}
