import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Event } from '../../../../../events/registry.ts';
import { readLogDirectory } from '../../../../../src/adapters/event-log/file/read/read-log-directory.ts';
import type { KnownState } from '../../../../../src/adapters/event-log/file/repair/bridge.ts';
import {
  type Repair,
  type RepairOptions,
  repairLog,
} from '../../../../../src/adapters/event-log/file/repair/repair-log.ts';
import { inspectLog } from '../../../../../src/adapters/event-log/file/verify/inspect-log.ts';
import { enveloped } from '../../../../support/sample-events.ts';
import { createSandbox, type Sandbox } from '../../../../support/sandbox.ts';
import {
  age,
  appendTorn,
  eventsAfter,
  linesOf,
  now,
  openLog,
  readAll,
  segmentsIn,
  storeId,
  writeLog,
} from '../file-log.ts';

interface Context {
  sandbox: Sandbox;
  /** a root with an intact log of 12 events in several segments */
  whole: string;
  states: readonly Omit<KnownState, 'path'>[];
}

const count = 12;
const test = suite<Context>('repair of a log');

test.before(async (context) => {
  context.sandbox = createSandbox('repair');
  context.whole = context.sandbox.folder('whole');
  const directory = join(context.whole, 'log');
  await writeLog(directory, count, { segmentBytes: 900 });
  assert.ok(segmentsIn(directory).length >= 4);
  const log = await readLogDirectory(directory);
  const chainHashes = await Promise.all(Array.from({ length: count }, (_, at) => log.chainHashAt(at + 1)));
  context.states = chainHashes.map((chainHash = '', at) => ({ position: at + 1, chainHash, lastId: at + 1 }));
});
test.after(({ sandbox }) => sandbox.close());

/** A copy of the root, with checkpoints of these positions. */
function copyOf({ sandbox, whole, states }: Context, positions: readonly number[]) {
  const root = join(sandbox.path, 'copy');
  rmSync(root, { recursive: true, force: true });
  mkdirSync(join(root, 'log'), { recursive: true });
  mkdirSync(join(root, 'checkpoints'));
  for (const name of segmentsIn(join(whole, 'log'))) copyFileSync(join(whole, 'log', name), join(root, 'log', name));
  const known = states
    .filter(({ position }) => positions.includes(position))
    .map((state) => ({
      ...state,
      path: join(root, 'checkpoints', `${String(state.position).padStart(20, '0')}.ckpt`),
    }));
  for (const { path, chainHash } of known) writeFileSync(path, `checkpoint ${chainHash}\n`);
  return { root, known };
}

function repaired(root: string, known: readonly KnownState[], options: Partial<RepairOptions> = {}): Promise<Repair> {
  return repairLog({
    root,
    store: storeId,
    dryRun: false,
    states: async () => known.filter(({ path }) => existsSync(path)),
    stamp: (facts: readonly Event[], after: number) => enveloped(facts, after),
    ...options,
  });
}

/** Every file of a root with its bytes, but for the lock. */
function bytesOf(root: string): ReadonlyMap<string, string> {
  const files = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = files.map((entry) => join(entry.parentPath, entry.name)).sort();
  return new Map(paths.map((path) => [path.slice(root.length + 1), readFileSync(path, 'latin1')]));
}

const flip = (file: string, offset: number) => {
  const bytes = readFileSync(file);
  bytes[offset] = (bytes[offset] ?? 0) ^ 1;
  writeFileSync(file, bytes);
};

/** Ways to damage a log of several segments, each with a name. */
function damages(directory: string): readonly (readonly [name: string, damage: (directory: string) => void])[] {
  const names = segmentsIn(directory);
  return names.flatMap((name, at) => {
    const lines = linesOf(join(directory, name));
    const starts = lines.map((_, index) => lines.slice(0, index).join('').length);
    const last = at === names.length - 1;
    return [
      ...starts
        .slice(0, last ? -1 : undefined)
        .map(
          (start, index) =>
            [`line ${index} of ${name} flipped`, (log: string) => flip(join(log, name), start + 150)] as const,
        ),
      [`${name} gone`, (log: string) => rmSync(join(log, name))] as const,
      [`${name} emptied`, (log: string) => writeFileSync(join(log, name), '')] as const,
      ...(lines.length < 3
        ? []
        : [
            [
              `records of ${name} swapped`,
              (log: string) =>
                writeFileSync(join(log, name), lines.toSpliced(1, 2, lines[2] ?? '', lines[1] ?? '').join('')),
            ] as const,
          ]),
    ];
  });
}

/** The repaired log must be intact, readable and writable, and hold only events of the old one, besides those that record repairs. */
async function expectIntact(root: string, name: string): Promise<readonly number[]> {
  const directory = join(root, 'log');
  const { damage, tail } = await inspectLog(directory);
  assert.equal([damage, tail], [[], null], name);
  const { log } = await openLog(directory);
  const all = await readAll(log);
  const original = eventsAfter(0, count);
  for (const envelope of all.filter(({ event }) => event.type !== 'LogRepaired'))
    assert.equal(envelope, original[envelope.position - 1], name);
  await log.append(enveloped([{ type: 'StoreClosed', data: { reason: 'test' } }], log.end.position), now);
  assert.is((await readAll(log)).length, all.length + 1, name);
  await log.close();
  return all.filter(({ event }) => event.type !== 'LogRepaired').map(({ position }) => position);
}

/** The kept copies equal the original files byte for byte. */
function keepsAll(before: ReadonlyMap<string, string>, root: string, { kept, changed }: Repair, name: string): void {
  const after = bytesOf(root);
  for (const file of changed) assert.is(after.get(`${kept}/${basename(file)}`), before.get(file), `${name}: ${file}`);
  for (const [file, bytes] of before)
    if (!changed.includes(file)) assert.is(after.get(file), bytes, `${name}: ${file} was not to change`);
}

for (const positions of [[], [7], [7, 11], [3, 12], [12]])
  test(`repairs any damage with checkpoints at ${positions.join(' and ') || 'no position'}`, async (context) => {
    for (const [name, damage] of damages(join(context.whole, 'log'))) {
      const { root, known } = copyOf(context, positions);
      damage(join(root, 'log'));
      const before = bytesOf(root);
      const planned = await repaired(root, known, { dryRun: true });
      assert.equal(bytesOf(root), before, `${name}: a dry run changes nothing`);
      const done = await repaired(root, known);
      assert.equal(done, planned, name);
      // An emptied or missing last segment may leave a log that is intact and only shorter.
      if (done.losses.length === 0) assert.match(name, / gone$/);
      keepsAll(before, root, done, name);
      const survivors = await expectIntact(root, name);
      const lost = new Set(
        done.losses.flatMap(({ done: how, first, last }) => (how === 'rebuilt' ? [] : [first, last])),
      );
      assert.ok(
        survivors.every((position) => !lost.has(position)),
        name,
      );
      const newest = positions.at(-1);
      const [loss] = done.losses;
      if (loss !== undefined && newest !== undefined && newest >= loss.first && loss.done !== 'rebuilt')
        assert.is(loss.done, 'bridged', name);
      assert.equal((await repaired(root, known)).losses, [], `${name}: nothing is left to repair`);
    }
  });

test('loses one event more than is damaged if a later checkpoint proves the rest', async (context) => {
  const { root, known } = copyOf(context, [11]);
  const directory = join(root, 'log');
  const [, second = ''] = segmentsIn(directory);
  const lines = linesOf(join(directory, second));
  assert.ok(lines.length >= 3);
  flip(join(directory, second), (lines[0]?.length ?? 0) + 150);
  const { losses } = await repaired(root, known);
  const first = Number(second.slice(0, 20));
  assert.equal(
    losses.map(({ done, first, last, unreadable }) => [done, first, last, unreadable]),
    [['bridged', first, first + 1, 1]],
  );
  const survivors = await expectIntact(root, 'one flip');
  assert.is(survivors.length, count - 2);
  assert.equal((await inspectLog(directory)).gaps, [{ file: join(directory, second), first, last: first + 1 }]);
  rmSync(join(directory, '00000000000000000011.base'));
  const { damage } = await inspectLog(directory);
  assert.match(damage[0]?.text ?? '', '00000000000000000011.base: byte 0');
});

test('rewrites a damaged header without loss', async (context) => {
  const { root, known } = copyOf(context, []);
  const directory = join(root, 'log');
  const original = bytesOf(root);
  const name = segmentsIn(directory)[1] ?? '';
  flip(join(directory, name), 40);
  const { losses } = await repaired(root, known);
  assert.equal(
    losses.map(({ done }) => done),
    ['rebuilt'],
  );
  assert.is(bytesOf(root).get(`log/${name}`), original.get(`log/${name}`));
  assert.is((await expectIntact(root, 'header')).length, count);
});

test('reserves an id for every position that cannot be read', async (context) => {
  const { root, known } = copyOf(context, []);
  const directory = join(root, 'log');
  const [first = ''] = segmentsIn(directory);
  const [header = ''] = linesOf(join(directory, first));
  flip(join(directory, first), header.length + 150);
  const { lastId, losses } = await repaired(root, known);
  assert.equal([losses[0]?.first, losses[0]?.last, losses[0]?.unreadable, lastId], [1, count, 1, count + 1]);
});

test('reports an earlier gap again if its event may be lost too', async (context) => {
  const { root, known } = copyOf(context, [6]);
  const directory = join(root, 'log');
  const [first = '', , third = ''] = segmentsIn(directory);
  flip(join(directory, first), 700);
  await repaired(root, known);
  rmSync(join(root, 'checkpoints'), { recursive: true });
  flip(join(directory, third), 700);
  await repaired(root, known);
  const { gaps } = await inspectLog(directory);
  const log = await readLogDirectory(directory);
  const repairs = (await readAll(log)).flatMap(({ event }) => (event.type === 'LogRepaired' ? [event.data] : []));
  assert.equal(
    repairs.map(({ done }) => done),
    ['bridged', 'truncated'],
  );
  assert.equal([repairs[0]?.first, repairs[0]?.last], [gaps[0]?.first, gaps[0]?.last]);
});

test('can be killed at any step and repeated', async (context) => {
  const middle = segmentsIn(join(context.whole, 'log'))[1] ?? '';
  const damage = (root: string) => flip(join(root, 'log', middle), 700);
  for (const positions of [[], [9]]) {
    const reference = copyOf(context, positions);
    damage(reference.root);
    const steps: string[] = [];
    const done = await repaired(reference.root, reference.known, { failpoint: (step) => void steps.push(step) });
    const expected = bytesOf(reference.root);
    for (const [index] of steps.entries()) {
      const { root, known } = copyOf(context, positions);
      damage(root);
      let left = index;
      const failpoint = (step: string) => {
        if (left-- === 0) throw new Error(`killed at ${step}`);
      };
      await repaired(root, known, { failpoint }).catch((error) => assert.match(error.message, 'killed at'));
      if (index > 0) {
        const refused = await openLog(join(root, 'log')).catch((error) => error);
        assert.match(refused.message, 'a repair was interrupted');
        assert.match((await inspectLog(join(root, 'log'))).damage[0]?.text ?? '', 'a repair was interrupted');
        const before = bytesOf(root);
        assert.is((await repaired(root, known, { dryRun: true })).again, true);
        assert.equal(bytesOf(root), before);
      }
      const again = await repaired(root, known);
      assert.equal([again.losses, again.again], [done.losses, index > 0], steps[index]);
      assert.equal(bytesOf(root), expected, steps[index]);
    }
  }
});

test('takes the state of a checkpoint that is ahead of the log', async (context) => {
  const { root, known } = copyOf(context, [12]);
  const directory = join(root, 'log');
  const last = join(directory, segmentsIn(directory).at(-1) ?? '');
  writeFileSync(last, linesOf(last).filter(Boolean).slice(0, -1).join(''));
  const { losses } = await repaired(root, known);
  assert.equal(
    losses.map(({ done, first, last }) => [done, first, last]),
    [['bridged', 12, 12]],
  );
  assert.match(losses[0]?.text ?? '', 'the log ends before position 12, but this checkpoint is of position 12');
  await expectIntact(root, 'shorter');
});

test('does nothing to an intact log, and leaves a torn tail to the next start', async (context) => {
  const { root, known } = copyOf(context, [7]);
  const directory = join(root, 'log');
  assert.equal((await repaired(root, known)).losses, []);
  const last = join(directory, segmentsIn(directory).at(-1) ?? '');
  appendTorn(last);
  const before = bytesOf(root);
  assert.equal((await repaired(root, known)).losses, []);
  assert.equal(bytesOf(root), before);
});

test('keeps nothing of a torn batch, whichever of its sectors is missing', async (context) => {
  for (let missing = 0; missing < 4; missing++) {
    const { root, known } = copyOf(context, [7]);
    const directory = join(root, 'log');
    const [first = ''] = segmentsIn(directory).map((name) => join(directory, name));
    const last = join(directory, segmentsIn(directory).at(-1) ?? '');
    const from = readFileSync(last).length;
    const { log } = await openLog(directory);
    await log.append(eventsAfter(count, 6), now);
    const bytes = readFileSync(last);
    await log.close();
    const at = Math.max(from, (Math.floor(from / 512) + missing) * 512);
    writeFileSync(last, bytes.fill(0, at, (Math.floor(at / 512) + 1) * 512));
    age(last);
    const before = bytesOf(root);
    assert.equal((await repaired(root, known)).losses, []);
    assert.equal(bytesOf(root), before);
    writeFileSync(first, readFileSync(first).fill('x', 700, 710));
    assert.equal(
      (await repaired(root, known)).losses.map(({ done }) => done),
      ['bridged'],
    );
    const { position, damage } = await inspectLog(directory);
    assert.equal([position, damage], [count + 1, []]);
  }
});

test.run();
