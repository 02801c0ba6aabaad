import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readLogDirectory } from '../../src/adapters/event-log/file/read/read-log-directory.ts';
import { moveStopped } from '../../src/maintenance/move-archives.ts';
import { snapledgerRun } from '../cli/process.ts';
import { createServing, type Serving } from '../fault/serving.ts';
import { stateOfRoot } from '../support/inspect-store.ts';
import { run } from '../support/run.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';

const test = suite('archives moved away');

interface Fixture {
  readonly sandbox: Sandbox;
  readonly serving: Serving;
  readonly root: string;
  readonly away: string;
}

const labels = { l: 'v'.repeat(4000) };
const segmentsIn = (directory: string) =>
  existsSync(directory)
    ? readdirSync(directory)
        .filter((name) => /\.log(\.gz)?$/.test(name))
        .sort()
    : [];

/** A stopped store with a long log: an early and a late live snapshot, and many removed ones. */
async function withStore(work: (place: Fixture) => Promise<void>): Promise<void> {
  const sandbox = createSandbox('moved');
  try {
    const root = join(sandbox.path, 'root');
    const serving = createServing(sandbox, { driver: 'overlay', root, settings: '[log]\nsegment_bytes = "64KiB"\n' });
    const daemon = await serving.start();
    const client = serving.connect();
    await client.prepare('oldest', { labels });
    for (let index = 0; segmentsIn(join(root, 'log')).length < 6; index += 1) {
      await client.prepare(`k${index}`, { labels });
      await client.update(`k${index}`, { l: 'w' });
      await client.remove(`k${index}`);
    }
    await client.prepare('newest', { labels });
    client.close();
    await daemon.stop();
    await work({ sandbox, serving, root, away: join(sandbox.path, 'away') });
  } finally {
    await sandbox.close();
  }
}

const asked = (root: string, ...words: readonly string[]) => snapledgerRun(...words, '--root', root);
const fullLog = async (root: string) => (await asked(root, 'log', '--json')).stdout;

/** The first position of the third segment; events before it can be moved away. */
const third = (root: string) => Number(/^\d+/.exec(segmentsIn(join(root, 'log'))[2] ?? '')?.[0]);

const snapshotsOf = async (root: string) =>
  [...(await stateOfRoot(root)).index.values()].map(({ key, labels: all }) => [key, all]).sort();

test('leave a log that starts later, and are restored byte for byte', async () => {
  await withStore(async ({ root, away }) => {
    const before = await fullLog(root);
    const snapshots = await snapshotsOf(root);
    const from = third(root);
    const moved = await asked(root, 'archive', '--move-to', away, '--before', String(from));
    assert.is(moved.status, 0, moved.stderr);
    assert.match(moved.stdout, `positions 1 to ${from - 1}: 2 segments`);
    assert.match(moved.stdout, `the log now begins at position ${from};`);
    assert.is(segmentsIn(away).length, 2);
    assert.is((await readLogDirectory(join(root, 'log'))).gone?.upTo, from - 1);
    const rest = await asked(root, 'log', '--json');
    assert.is(
      rest.stdout,
      before
        .split('\n')
        .slice(from - 1)
        .join('\n'),
    );
    assert.match(rest.stderr, `note: positions 1 to ${from - 1} were moved to ${away} on 2`);
    assert.equal(await snapshotsOf(root), snapshots);
    const back = await asked(root, 'archive', '--bring-back', away);
    assert.is(back.stdout, `positions 1 to ${from - 1} are in the log again\n`, back.stderr);
    const again = await asked(root, 'log', '--json');
    assert.equal([again.stdout, again.stderr], [before, '']);
    assert.is((await asked(root, 'verify')).status, 0);
  });
});

test('are named by every reader that needs them', async () => {
  await withStore(async ({ root, away }) => {
    const anchor = await asked(root, 'anchor');
    const from = third(root);
    await asked(root, 'archive', '--move-to', away, '--before', String(from));
    const where = `positions 1 to ${from - 1} were moved to ${away}`;
    const verified = await asked(root, 'verify');
    assert.is(verified.status, 0, verified.stdout);
    assert.match(verified.stdout, `${where} on`);
    const [form, store] = anchor.stdout.trim().split(':');
    const early = [form, store, '1', 'a'.repeat(64)].join(':');
    const anchored = await asked(root, 'verify', '--anchor', anchor.stdout.trim(), '--anchor', early);
    assert.is(anchored.status, 0, anchored.stdout);
    assert.match(anchored.stdout, `1 anchors can't be checked: ${where}`);
    assert.match((await asked(root, 'history', 'oldest')).stderr, `note: ${where}`);
    const never = await asked(root, 'history', 'k0');
    assert.is(never.status, 1);
    assert.match(never.stderr, where);
    assert.match((await asked(root, 'why', 'oldest')).stderr, `note: ${where}`);
    assert.match((await asked(root, 'stats')).stderr, `note: ${where}`);
    const at = await asked(root, 'ls', '--at', '3');
    assert.is(at.status, 1);
    assert.match(at.stderr, `position 3 is no longer in the log: ${where}`);
    assert.is((await asked(root, 'ls', '--at', String(from - 1))).status, 0);
    const repair = await asked(root, 'repair', '--dry-run');
    assert.match(repair.stderr, where);
  });
});

test('do not prevent serving, also without a checkpoint, or export', async () => {
  await withStore(async ({ sandbox, serving, root, away }) => {
    const from = third(root);
    await asked(root, 'archive', '--move-to', away, '--before', String(from));
    rmSync(join(root, 'checkpoints'), { recursive: true });
    const daemon = await serving.start();
    const client = serving.connect();
    assert.equal((await client.list()).map(({ name }) => name).sort(), ['newest', 'oldest']);
    assert.equal((await client.stat('oldest')).labels, labels);
    const busy = await asked(root, 'archive', '--bring-back', away);
    assert.is(busy.status, 4, busy.stderr);
    await client.prepare('after');
    const url = 'http://localhost/events?from=1';
    const response = await run('curl', ['-si', '--unix-socket', join(sandbox.path, 's.http.sock'), url]);
    assert.match(response.stdout, /^HTTP\/1.1 410 /);
    assert.match(response.stdout, new RegExp(`^snapledger-first: ${from}\r$`, 'im'));
    client.close();
    await daemon.stop();
    const file = join(sandbox.path, 'export.tar');
    assert.is((await asked(root, 'export', file)).status, 0);
    const copy = join(sandbox.path, 'copy');
    const imported = await snapledgerRun('import', file, '--root', copy);
    assert.is(imported.status, 0, imported.stderr);
    assert.match((await asked(copy, 'log', '-n', '1')).stdout, 'StoreImported');
    assert.is((await asked(root, 'archive', '--bring-back', away)).status, 0);
    assert.is((await asked(root, 'verify')).status, 0);
  });
});

test('leave the log as before or as after, if a move is interrupted at any step', async () => {
  await withStore(async ({ root, away }) => {
    const before = await fullLog(root);
    const from = third(root);
    const snapshots = await snapshotsOf(root);
    for (const step of ['copied', 'based', 'recorded', 'removed'] as const) {
      const interrupted = moveStopped(root, {
        before: from,
        to: away,
        dryRun: false,
        failpoint: (reached) => {
          if (reached === step) throw new Error(`ended after ${step}`);
        },
      });
      await interrupted.then(
        () => assert.unreachable(),
        (error: Error) => assert.match(error.message, `ended after ${step}`),
      );
      const gone = step === 'recorded' || step === 'removed';
      assert.is(
        await fullLog(root),
        gone
          ? before
              .split('\n')
              .slice(from - 1)
              .join('\n')
          : before,
        step,
      );
      assert.equal(await snapshotsOf(root), snapshots, step);
      assert.is((await asked(root, 'verify')).status, 0, step);
      if (gone) assert.is((await asked(root, 'archive', '--bring-back', away)).status, 0, step);
    }
    assert.is(await fullLog(root), before);
  });
});

test('are refused if a copy differs, a base is damaged, or the options are invalid', async () => {
  await withStore(async ({ root, away }) => {
    const from = third(root);
    for (const words of [
      ['--move-to', away],
      ['--before', '3'],
      ['--bring-back', away, '--move-to', away, '--before', '3'],
      ['--move-to', join(root, 'log'), '--before', String(from)],
    ])
      assert.is((await asked(root, 'archive', ...words)).status, 2, words.join(' '));
    const none = await asked(root, 'archive', '--move-to', away, '--before', '2');
    assert.match(none.stdout, 'nothing to move');
    const dry = await asked(root, 'archive', '--move-to', away, '--before', String(from), '--dry-run');
    assert.match(dry.stdout, 'nothing was changed');
    assert.is(segmentsIn(away).length, 0);
    await asked(root, 'archive', '--move-to', away, '--before', String(from));
    const [first = '', second = ''] = segmentsIn(away);
    const bytes = readFileSync(join(away, first));
    writeFileSync(join(away, first), bytes.subarray(1));
    const changed = await asked(root, 'archive', '--bring-back', away);
    assert.equal([changed.status, changed.stderr.includes('is not the archive that was moved')], [3, true]);
    writeFileSync(join(away, first), bytes);
    rmSync(join(away, second));
    assert.match((await asked(root, 'archive', '--bring-back', away)).stderr, 'does not exist');
    const base = join(root, 'log', `${String(from - 1).padStart(20, '0')}.base`);
    writeFileSync(base, readFileSync(base).subarray(1));
    const damaged = await asked(root, 'verify');
    assert.is(damaged.status, 3);
    assert.match(damaged.stdout, 'the checkpoint that replaces lost positions is damaged');
  });
});

test.run();
