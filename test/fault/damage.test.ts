import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import type { Envelope } from '../../events/envelope.ts';
import { cliDeps } from '../../src/compose/cli-deps.ts';
import { Fault } from '../../src/ports/fault.ts';
import { snapledgerRun } from '../cli/process.ts';
import { onDisk, stateOfRoot, verified } from '../support/inspect-store.ts';
import { logAndRethrow } from '../support/log-and-rethrow.ts';
import { requireFileSystem, suiteNeeding } from '../support/requirements.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';
import {
  copyRoot,
  envelopesOf,
  fillStore,
  prepareWritten,
  segmentsOf,
  settings,
  startAndStop,
  survivors,
} from './damaged-store.ts';
import { createServing, type Serving } from './serving.ts';

interface Context {
  sandbox: Sandbox;
  whole: string;
  events: readonly Envelope[];
}

const test = suiteNeeding<Context>('damage of a real store', requireFileSystem('overlay'));

test.before((context) =>
  logAndRethrow(async () => {
    context.sandbox = createSandbox('damage');
    context.whole = join(context.sandbox.path, 'whole');
    await fillStore(context.sandbox, context.whole);
    context.events = await envelopesOf(context.whole);
    assert.is(segmentsOf(context.whole).length, 4);
    assert.is((await verified(context.whole)).status, 0);
  }),
);
test.after(({ sandbox }) => sandbox.close());

type Damage = readonly [name: string, file: string, change: (bytes: Buffer) => Buffer];

/** The offsets of the lines of a segment, and its end. */
function startsOf(bytes: Buffer): readonly number[] {
  const starts = [0];
  for (let at = bytes.indexOf('\n'); at !== -1; at = bytes.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}

function segmentBytes(root: string): readonly (readonly [name: string, bytes: Buffer, starts: readonly number[]])[] {
  return segmentsOf(root).map((name) => {
    const bytes = readFileSync(join(root, 'log', name));
    return [name, bytes, startsOf(bytes)];
  });
}

/** One bit in each line, at an offset that grows from line to line. */
const flips = (root: string): readonly Damage[] =>
  segmentBytes(root).flatMap(([name, bytes, starts]) =>
    starts.slice(0, -1).map((start, index): Damage => {
      const offset = start + ((index * 61 + 3) % ((starts[index + 1] ?? bytes.length) - start));
      return [
        `${name}: bit ${index % 8} of byte ${offset}`,
        name,
        (copy) => {
          copy[offset] = (copy[offset] ?? 0) ^ (1 << (index % 8));
          return copy;
        },
      ];
    }),
  );

/** At the end of each line, and inside it. */
const truncations = (root: string): readonly Damage[] =>
  segmentBytes(root).flatMap(([name, , starts]) =>
    starts
      .slice(0, -1)
      .flatMap((start, index) =>
        [start, start + 1 + ((index * 37) % 200)].map(
          (size): Damage => [`${name}: cut at byte ${size}`, name, (copy) => copy.subarray(0, size)],
        ),
      ),
  );

const swaps = (root: string): readonly Damage[] =>
  segmentBytes(root).flatMap(([name, bytes, starts]) =>
    starts.slice(0, -3).map((from, index): Damage => {
      const [second = 0, third = 0] = starts.slice(index + 1);
      return [
        `${name}: lines at bytes ${from} and ${second} swapped`,
        name,
        () =>
          Buffer.concat([
            bytes.subarray(0, from),
            bytes.subarray(second, third),
            bytes.subarray(from, second),
            bytes.subarray(third),
          ]),
      ];
    }),
  );

function damaged({ sandbox, whole }: Context, [, file, change]: Damage, checkpoints: boolean): string {
  const root = copyRoot(whole, join(sandbox.path, 'copy'), checkpoints);
  const path = join(root, 'log', file);
  writeFileSync(path, change(readFileSync(path)));
  return root;
}

/** Damages a copy, checks that verify finds and names it, repairs it, starts it, and compares the live snapshots. */
async function expectRepaired(context: Context, damage: Damage, checkpoints: boolean): Promise<void> {
  const [name] = damage;
  const root = damaged(context, damage, checkpoints);
  const found = await verified(root);
  if (checkpoints) assert.is(found.status, 3, `${name}\n${found.text}`);
  // Without checkpoints a log that ends earlier, or whose last line is torn, is intact.
  const silent = found.status !== 3;
  if (!silent && !/the log ends at/.test(found.text))
    assert.match(found.text, /\.log: byte [0-9]+, position [0-9]+: /, name);
  const report = await cliDeps.repairLog(root, false);
  assert.is(report.losses.length === 0, silent, name);
  const before = readdirSync(join(root, 'snapshots'));
  const expected = survivors(context.events, report, root);
  await startAndStop(root);
  const after = await verified(root);
  assert.is(after.status, 0, `${name}\n${after.text}`);
  if (!silent) await keptAll(context, root, { name, before, expected });
}

/** The expected snapshots are live, nothing was deleted, and no id can be assigned again. */
async function keptAll(
  { events }: Context,
  root: string,
  { name, before, expected }: { name: string; before: readonly string[]; expected: readonly string[] },
): Promise<void> {
  const { index, storeInfo } = await stateOfRoot(root);
  assert.equal([...index.values()].map(({ key }) => key).sort(), expected, name);
  const living = new Set([...index.values()].map(({ id }) => String(id)));
  const { quarantine } = onDisk(root);
  for (const id of before)
    assert.ok(living.has(id) || quarantine.some((moved) => moved.endsWith(`-${id}`)), `${name}: ${id} is gone`);
  const highest = Math.max(...events.map(({ event: { data } }) => ('id' in data ? (data.id ?? 0) : 0)));
  assert.ok(storeInfo.lastId >= highest, `${name}: ${highest} may be given again after ${storeInfo.lastId}`);
}

for (const [kind, damagesOf] of [
  ['a flipped bit', flips],
  ['a truncation', truncations],
  ['a swap', swaps],
] as const)
  for (const checkpoints of [true, false])
    test(`${kind} anywhere is found, and repaired ${checkpoints ? 'with' : 'without'} checkpoints`, async (context) => {
      for (const damage of damagesOf(context.whole)) await expectRepaired(context, damage, checkpoints);
    });

test('a start refuses the damage it reads, and names the repair command', async (context) => {
  const last = segmentsOf(context.whole).at(-1);
  for (const damage of flips(context.whole).filter(([, file]) => file === last)) {
    const error = await startAndStop(damaged(context, damage, true)).catch((thrown: unknown) => thrown);
    assert.instance(error, Fault, damage[0]);
    const { code, hint } = error as Fault;
    assert.is(code, 'corrupt', damage[0]);
    assert.match(hint, 'snapledger repair --dry-run');
  }
});

/** A copy of the store, damaged in the middle of its second segment. */
function servedDamaged({ sandbox, whole }: Context, name: string, checkpoints: boolean): Serving {
  const root = copyRoot(whole, join(sandbox.path, name), checkpoints);
  const file = join(root, 'log', segmentsOf(root)[1] ?? '');
  const bytes = readFileSync(file);
  const start = startsOf(bytes)[3] ?? 0;
  bytes[start + 150] = (bytes[start + 150] ?? 0) ^ 1;
  writeFileSync(file, bytes);
  return createServing(sandbox, { driver: 'overlay', root, settings });
}

const keysOf = async (serving: Serving): Promise<readonly string[]> =>
  (await serving.connect().list()).map(({ name }) => name).sort();

/** The daemon must end by itself with the message. */
async function assertRefused(serving: Serving, hint: string): Promise<void> {
  const error = await serving.start().then(
    () => undefined,
    (thrown: Error) => thrown,
  );
  assert.match(error?.message ?? 'it started', hint);
}

test('repair reports the loss, repairs it, and the daemon continues from the checkpoint', async (context) => {
  const serving = servedDamaged(context, 'bridged', true);
  const { root } = serving;
  const planned = await snapledgerRun('repair', '--dry-run', '--root', root);
  assert.is(planned.status, 0, planned.stderr);
  assert.match(planned.stdout, /byte \d+, position \d+: the record is damaged.*left out, the state is a checkpoint's/);
  assert.match(planned.stdout, 'this is what would be done; nothing was changed');
  assert.is((await verified(root)).status, 3);
  const done = await snapledgerRun('repair', '--json', '--root', root);
  const { losses, kept } = JSON.parse(done.stdout);
  assert.equal([losses.length, losses[0].done, losses[0].unreadable], [1, 'bridged', 1]);
  assert.ok(existsSync(join(root, kept, segmentsOf(context.whole)[1] ?? '')));
  const daemon = await serving.start();
  assert.equal(await keysOf(serving), ['base', 'container', 'larger', 'last', 'look', 'middle', 'top']);
  await prepareWritten(serving.connect(), 'after', 'top');
  const running = await verified(root);
  assert.is(running.status, 0, running.text);
  assert.match(running.text, /note: known since the repair at position \d+: positions \d+ to \d+ are lost/);
  const busy = await snapledgerRun('repair', '--dry-run', '--root', root);
  assert.is(busy.status, 4, busy.stderr);
  await daemon.stop();
  rmSync(join(root, 'checkpoints'), { recursive: true });
  const again = await serving.start();
  assert.ok((await keysOf(serving)).includes('after'), 'the base stands for a checkpoint');
  await again.stop();
});

test('repair without a checkpoint truncates the log, and quarantines unexplained volumes', async (context) => {
  const serving = servedDamaged(context, 'truncated', false);
  const { root } = serving;
  await assertRefused(serving, 'snapledger repair --dry-run');
  const report = await cliDeps.repairLog(root, false);
  const [loss, ...more] = report.losses;
  assert.equal([loss?.done, more], ['truncated', []]);
  assert.ok(loss?.records.some(({ type, about }) => type === 'SnapshotPrepared' && about === 'container'));
  const expected = survivors(context.events, report, root);
  const before = onDisk(root).snapshots;
  const daemon = await serving.start();
  assert.equal(await keysOf(serving), expected);
  await serving.connect().prepare('new');
  const given = (await stateOfRoot(root)).index.get('new')?.id ?? 0;
  assert.ok(given > Math.max(...before.map(Number)), `${given} was given before`);
  await daemon.stop();
  const rows = await snapledgerRun('verify', '--json', '--root', root);
  assert.is(rows.status, 0, rows.stdout);
  const lines = rows.stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  const aside = lines.filter(({ is }) => is === 'quarantined');
  assert.is(aside.length, onDisk(root).quarantine.length);
  assert.match(aside[0]?.why, /^was snapshots\/\d+ until position \d+: no live snapshot has id/);
});

test('a missing snapshots directory is a finding', async ({ sandbox, whole }) => {
  const root = copyRoot(whole, join(sandbox.path, 'missing'), true);
  rmSync(join(root, 'snapshots'), { recursive: true });
  const { status, text } = await verified(root);
  assert.is(status, 1, text);
  assert.match(text, 'snapshots/: the directory is missing');
});

test.run();
