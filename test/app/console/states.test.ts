import { join } from 'node:path';
import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Envelope } from '../../../events/envelope.ts';
import type { Event } from '../../../events/registry.ts';
import { toRows } from '../../../projections/checkpoint-rows.ts';
import { emptyState, evolve, type State } from '../../../projections/state.ts';
import { createFileCheckpointStore } from '../../../src/adapters/checkpoint-store/file-checkpoint-store.ts';
import { createFoldedEvents } from '../../../src/app/console/events/folded-events.ts';
import { keepLog } from '../../../src/app/console/kept-log.ts';
import type { Forest } from '../../../src/app/console/rows.ts';
import { differenceOf } from '../../../src/app/console/states/difference.ts';
import { forestOf } from '../../../src/app/console/states/forest.ts';
import { createStates } from '../../../src/app/console/states/states.ts';
import { storeFiles } from '../../../src/compose/store-files.ts';
import type { CheckpointStore } from '../../../src/ports/checkpoint-store.ts';
import type { ReadableLog } from '../../../src/ports/readable-log.ts';
import { now, openLog } from '../../adapters/event-log/file/file-log.ts';
import { committed, enveloped, imageSeen, prepared } from '../../support/sample-events.ts';
import { createSandbox } from '../../support/sandbox.ts';

const test = suite('states at any moment');

/** Layers that are prepared, committed, measured, removed and restored, and images of them, by a number each. */
function eventsOf(choices: readonly number[]): readonly Envelope[] {
  const events: Event[] = [];
  const retained: number[] = [];
  const alive: number[] = [];
  const nameOf = (id: number) => `ns/${id}/layer-${id}`;
  const layersOf = (ids: readonly number[]) => ids.slice(0, 3).map((id) => `layer-${id}`);
  const bare = (id: number) =>
    ({
      id,
      key: nameOf(id),
      kind: 'committed',
      parent: '',
      parentId: null,
      labels: {},
      created: 1n,
      updated: 1n,
    }) as const;
  for (const [at, choice] of choices.entries()) {
    const id = at + 1;
    const [oldest] = alive;
    const [kept] = retained;
    if (choice === 0 && oldest !== undefined) {
      alive.shift();
      events.push({ type: 'SnapshotRemoved', data: { ...bare(oldest), retained: oldest % 2 === 0 } });
      if (oldest % 2 === 0) retained.push(oldest);
    } else if (choice === 1 && kept !== undefined) {
      retained.shift();
      const { kind: _, updated: __, ...layer } = bare(kept);
      events.push({ type: 'SnapshotRestored', data: { ...layer, why: 'asked' } });
      alive.push(kept);
    } else if (choice === 2 && oldest !== undefined)
      events.push({ type: 'UsageMeasured', data: { id: oldest, bytes: at * 10, inodes: at } });
    else if (choice === 3) events.push(ofNamespace(imageSeen(`image-${at % 4}`, 'sha256:t', layersOf(alive))));
    else if (choice === 4) events.push(imageDeleted(`image-${at % 4}`));
    else {
      events.push(prepared(id, `ns/${id}/key`), committed(id, `ns/${id}/key`, nameOf(id)));
      alive.push(id);
    }
  }
  return enveloped(events);
}

const stateAfter = (all: readonly Envelope[], position: number): State =>
  all.slice(0, position).reduce(evolve, emptyState());

const textOf = (value: unknown) =>
  JSON.stringify(value, (_, part) => {
    if (typeof part === 'bigint') return String(part);
    const isRecord = typeof part === 'object' && part !== null && !Array.isArray(part);
    return isRecord ? Object.fromEntries(Object.entries(part).sort()) : part;
  });

/** What a state holds, in any order of its maps. */
const rowsOf = ({ volumes, ...state }: State) =>
  Object.entries({ ...state, ...volumes }).map(([name, value]) => {
    const isMap = typeof value === 'object' && value !== null && Symbol.iterator in value;
    return [name, isMap ? [...(value as Iterable<unknown>)].map(textOf).sort() : textOf(value)];
  });

const ofNamespace = ({ type, data }: ReturnType<typeof imageSeen>): Event => ({
  type,
  data: { ...data, namespace: 'ns' },
});

const imageDeleted = (name: string): Event => ({
  type: 'ContainerdObserved',
  data: { topic: '/images/delete', namespace: 'ns', name, at: 1n },
});

const shownRows = ({ rows, namespaces, imageNames }: Forest) =>
  rows.id.map((id, at) => [
    ...[id, rows.parent[at], rows.kind[at], rows.key[at], rows.bytes[at], rows.inodes[at], rows.created[at]],
    ...[rows.retained[at], namespaces[rows.namespace[at] ?? -1], imageNames[rows.image[at] ?? -1]],
  ]);

const scenes = fc.record({
  choices: fc.array(fc.integer({ min: 0, max: 7 }), { minLength: 5, maxLength: 120 }),
  asked: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 2, maxLength: 12 }),
  checkpoint: fc.double({ min: 0, max: 1, noNaN: true }),
  known: fc.double({ min: 0.1, max: 1, noNaN: true }),
  maxEntries: fc.integer({ min: 10, max: 400 }),
});

test('states: are those of a replay, in any order, while the log grows; differences lead from one to the other', async () => {
  await fc.assert(
    fc.asyncProperty(scenes, async ({ choices, asked, checkpoint, known, maxEntries }) => {
      const sandbox = createSandbox('states');
      try {
        const root = sandbox.folder('root');
        const all = eventsOf(choices);
        const { log } = await openLog(join(root, 'log'), { segmentBytes: 4_000 });
        const first = Math.max(1, Math.floor(known * all.length));
        await log.append(all.slice(0, first), now);
        const at = Math.max(1, Math.floor(checkpoint * first));
        const chainHash = (await log.chainHashAt(at)) ?? '';
        const store = createFileCheckpointStore({ directory: join(root, 'checkpoints') });
        await store.save({ position: at, chainHash }, toRows(stateAfter(all, at)));
        const breaks: unknown[] = [];
        const files = keepLog(storeFiles(root), (change) => breaks.push(change));
        const states = createStates(files, { grid: 8, maxReplay: 20, maxEntries });
        assert.equal(rowsOf(await states.at()), rowsOf(stateAfter(all, first)));
        for (const envelope of all.slice(first)) await log.append([envelope], now);
        const columns = await createFoldedEvents(files).complete();
        let before: State | undefined;
        for (const share of asked) {
          const position = Math.max(1, Math.round(share * all.length));
          const state = await states.at(String(position));
          assert.equal(rowsOf(state), rowsOf(stateAfter(all, position)), `at ${position}`);
          const whole = forestOf(state, null);
          if (before !== undefined) {
            const [from, to] = [before.position, position].sort((a, b) => a - b) as [number, number];
            const touched = columns.touched(from, to);
            assert.ok(touched, 'all of these events are known');
            for (const difference of [differenceOf(before, state, null, touched), differenceOf(before, state, null)]) {
              const rows = new Map(shownRows(forestOf(before, null)).map((row) => [row[0], row]));
              for (const id of difference.gone) rows.delete(id);
              for (const row of shownRows(difference)) rows.set(row[0], row);
              const merged = [...rows.values()].sort((a, b) => Number(a[0]) - Number(b[0]));
              assert.equal(merged, shownRows(whole), `from ${before.position} to ${position}`);
            }
          }
          before = state;
        }
        assert.equal(rowsOf(await states.at()), rowsOf(stateAfter(all, all.length)));
        assert.equal(breaks, []);
        await log.close();
      } finally {
        await sandbox.close();
      }
    }),
    { numRuns: 25 },
  );
});

test('states: those of a log that is found to be replaced while they are loaded are not kept', async () => {
  const none = { load: async function* () {} };
  const logOf = (key: string, onRead = () => {}): ReadableLog => {
    const events = enveloped([1, 2, 3, 4].map((id) => prepared(id, `ns/${id}/${key}`)));
    const read = async function* (after: number) {
      onRead();
      yield events.slice(after);
    };
    const end = { position: events.length, chainHash: key };
    return { end, read, close: async () => {} } as Partial<ReadableLog> as ReadableLog;
  };
  let found = false;
  const clearOnce = () => {
    if (!found) states.clear();
    found = true;
  };
  const logs = [logOf('before', clearOnce)];
  const openLog = async () => logs.shift() ?? logOf('after');
  const states = createStates(
    { openLog, openCheckpoints: async () => none as unknown as CheckpointStore },
    { grid: 2, maxReplay: 20, maxEntries: 100 },
  );
  assert.ok((await states.after(3)).index.has('ns/3/before'));
  assert.ok((await states.after(3)).index.has('ns/3/after'));
});

test.run();
