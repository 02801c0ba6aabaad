import { rmSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Envelope } from '../../events/envelope.ts';
import { toRows } from '../../projections/checkpoint-rows.ts';
import { emptyState, evolve } from '../../projections/state.ts';
import { createFileCheckpointStore } from '../../src/adapters/checkpoint-store/file-checkpoint-store.ts';
import { archiveLog } from '../../src/adapters/event-log/file/archive/move-archives.ts';
import { indexLog } from '../../src/adapters/event-log/file/search/index-log.ts';
import { createChooser, type Selection, select } from '../../src/app/audit/select-events.ts';
import { stateOfStore } from '../../src/app/audit/state-at.ts';
import { log as logCommand } from '../../src/cli/commands/log.ts';
import { runQuery } from '../../src/cli/query-command.ts';
import { cliDeps } from '../../src/compose/cli-deps.ts';
import { storeFiles } from '../../src/compose/store-files.ts';
import { answerTo } from '../../src/http/routes.ts';
import type { StoreFiles } from '../../src/ports/store-files.ts';
import { now, openLog, storeId } from '../adapters/event-log/file/file-log.ts';
import { createPrinter } from '../cli/memory-deps.ts';
import { caughtFault } from '../support/caught-fault.ts';
import { httpSources } from '../support/http-sources.ts';
import { enveloped, prepared, removed } from '../support/sample-events.ts';
import { createSandbox } from '../support/sandbox.ts';

const began = 1_700_000_000_000_000_000n;
const hours = (count: number) => BigInt(count) * 3_600_000_000_000n;

/** What a clock does between two events: it runs, stops, is set by some hours, or restarts in 1970. */
const step = fc.oneof(
  { weight: 12, arbitrary: fc.integer({ min: 0, max: 5_000_000_000 }) },
  { weight: 2, arbitrary: fc.integer({ min: -48, max: 48 }).map((count) => Number(hours(count))) },
  { weight: 1, arbitrary: fc.constant('1970' as const) },
);
type Step = number | '1970';

interface Scene {
  readonly steps: readonly Step[];
  readonly segmentBytes: number;
  /** fractions of the log: the indexed part, the archived part, the positions of checkpoints */
  readonly indexed: number;
  readonly archived: number;
  readonly checkpoint: number;
}

const share = fc.double({ min: 0, max: 1, noNaN: true });
const scenes: fc.Arbitrary<Scene> = fc.record({
  steps: fc.array(step, { minLength: 1, maxLength: 90 }),
  segmentBytes: fc.integer({ min: 700, max: 9000 }),
  indexed: share,
  archived: share,
  checkpoint: share,
});

/** Two moments near the stamps of two events, and the other parameters. */
const questions = fc.record({
  since: fc.option(fc.tuple(share, fc.integer({ min: -1, max: 1 }))),
  until: fc.option(fc.tuple(share, fc.integer({ min: -1, max: 1 }))),
  from: fc.option(share),
  newest: fc.option(fc.integer({ min: 1, max: 20 })),
  type: fc.option(fc.constantFrom('SnapshotPrepared', 'SnapshotRemoved')),
});

/** Prepares and removals of snapshots, stamped by such a clock. */
function eventsOf(steps: readonly Step[]): readonly Envelope[] {
  let time = began;
  return enveloped(
    steps.map((_, at) => (at % 3 === 2 ? removed(at, `ns/${at}/k`) : prepared(at + 1, `ns/${at + 1}/k`))),
  ).map((envelope, at) => {
    const next = steps[at] ?? 0;
    time = next === '1970' ? BigInt(at) : time + BigInt(next);
    return { ...envelope, time: time < 0n ? 0n : time };
  });
}

/** Writes a store as a daemon leaves it: segments, some of them archived, some indexed, a checkpoint. */
async function write(root: string, all: readonly Envelope[], scene: Scene): Promise<void> {
  const [log, index] = [join(root, 'log'), join(root, 'index')];
  const upTo = (part: number) => Math.round(part * all.length);
  for (const part of [all.slice(0, upTo(scene.indexed)), all.slice(upTo(scene.indexed))]) {
    const { log: opened } = await openLog(log, { segmentBytes: scene.segmentBytes });
    for (const envelope of part) await opened.append([envelope], now);
    const place = {
      position: upTo(scene.checkpoint),
      chainHash: (await opened.chainHashAt(upTo(scene.checkpoint))) ?? '',
    };
    if (place.position > 0 && place.position <= opened.end.position)
      await createFileCheckpointStore({ directory: join(root, 'checkpoints') }).save(
        place,
        toRows(all.slice(0, place.position).reduce(evolve, emptyState())),
      );
    await opened.close();
    if (scene.indexed < 1) await indexLog(log, index);
  }
  await archiveLog(log, upTo(scene.archived), false);
}

const text = (time: bigint) =>
  `${new Date(Number(time / 1_000_000_000n) * 1000).toISOString().slice(0, 19)}.${String(time % 1_000_000_000n).padStart(9, '0')}Z`;

/** The result of a filter that reads all events. */
function linear(all: readonly Envelope[], { since, until, from, newest, types }: Selection): readonly number[] {
  return all
    .filter(
      ({ time, position, event }) =>
        (since === undefined || time >= since) &&
        (until === undefined || time <= until) &&
        position >= from &&
        (types.length === 0 || types.includes(event.type)),
    )
    .slice(newest === undefined ? 0 : -newest)
    .map(({ position }) => position);
}

async function selected(files: StoreFiles, selection: Selection): Promise<readonly number[]> {
  const log = await files.openLog();
  const found: number[] = [];
  for await (const batch of select(log, selection, createChooser(selection)))
    found.push(...batch.map(({ position }) => position));
  await log.close();
  return found;
}

async function byCommand(root: string, { since, until, from, newest, types }: Selection): Promise<readonly number[]> {
  const { lines, print } = createPrinter();
  const times = {
    ...(since === undefined ? {} : { since: text(since) }),
    ...(until === undefined ? {} : { until: text(until) }),
  };
  await logCommand(
    {
      from: String(from),
      ...(types.length > 0 && { type: types }),
      ...times,
      ...(newest && { lines: String(newest) }),
    },
    { root, json: true },
    cliDeps,
    print,
  );
  return lines.map((line) => Number(JSON.parse(line).position));
}

async function byHttp(root: string, { since, until, from, newest, types }: Selection): Promise<readonly number[]> {
  const query = new URLSearchParams({ from: String(from) });
  if (since !== undefined) query.set('since', text(since));
  if (until !== undefined) query.set('until', text(until));
  if (newest !== undefined) query.set('lines', String(newest));
  if (types.length > 0) query.set('type', types.join(','));
  const rows = await asked('/log', root, query);
  return rows.map(({ position }) => Number(position));
}

async function asked(path: string, root: string, query: URLSearchParams): Promise<readonly Record<string, string>[]> {
  const layers = () => Promise.reject(new Error('no layers here'));
  const { status, body } = await answerTo(
    { method: 'GET', url: `${path}?${query}`, headers: {} },
    httpSources({ files: storeFiles(root), layers }),
  );
  assert.is(status, 200, String(body));
  return JSON.parse(String(body));
}

const test = suite('time queries under any clock');

const run = { numRuns: 60 };

async function inRoot(work: (root: string) => Promise<void>): Promise<void> {
  const sandbox = createSandbox('time-queries');
  await work(sandbox.folder('root')).finally(() => sandbox.close());
}

test('find what a linear filter finds, by command and over HTTP', () =>
  inRoot((root) =>
    fc.assert(
      fc.asyncProperty(scenes, fc.array(questions, { minLength: 1, maxLength: 6 }), async (scene, asking) => {
        rmSync(root, { recursive: true, force: true });
        const all = eventsOf(scene.steps);
        await write(root, all, scene);
        const near = (place: readonly [number, number] | null) =>
          place === null ? undefined : later(all[Math.round(place[0] * (all.length - 1))]?.time ?? 0n, place[1]);
        for (const { since, until, from, newest, type } of asking) {
          const selection = {
            since: near(since),
            until: near(until),
            from: Math.round((from ?? 0) * all.length) + 1,
            newest: newest ?? undefined,
            types: type === null ? [] : [type],
          };
          const expected = linear(all, selection);
          assert.equal(await selected(storeFiles(root), selection), expected);
          assert.equal(await byCommand(root, selection), expected);
          assert.equal(await byHttp(root, selection), expected);
        }
      }),
      run,
    ),
  ));

/** A stamp, or a nanosecond before or after it. */
const later = (time: bigint, by: number) => (time === 0n && by < 0 ? 0n : time + BigInt(by));

test('show the state after the last event stamped at a time or before', () =>
  inRoot((root) =>
    fc.assert(
      fc.asyncProperty(
        scenes,
        fc.array(fc.tuple(share, fc.integer({ min: -1, max: 1 })), { minLength: 1, maxLength: 6 }),
        async (scene, places) => {
          rmSync(root, { recursive: true, force: true });
          const all = eventsOf(scene.steps);
          await write(root, all, scene);
          for (const [part, by] of places) {
            const time = later(all[Math.round(part * (all.length - 1))]?.time ?? 0n, by);
            const position = all.findLastIndex((envelope) => envelope.time <= time) + 1;
            if (position === 0) {
              assert.match(
                (await caughtFault(stateOfStore(storeFiles(root), text(time)))).message,
                'is before the log',
              );
              continue;
            }
            const state = all.slice(0, position).reduce(evolve, emptyState());
            const living = [...state.index.values()].map(({ key }) => key).sort();
            const { lines, print } = createPrinter();
            await runQuery('snapshots', { at: text(time) }, { root, json: true }, cliDeps, print);
            assert.equal(lines.map((line) => JSON.parse(line).key).sort(), living);
            const rows = await asked('/snapshots', root, new URLSearchParams({ at: text(time) }));
            assert.equal(rows.map(({ key }) => key).sort(), living);
          }
        },
      ),
      run,
    ),
  ));

test('find every event in blocks of many, with and without an index', () =>
  inRoot(async (root) => {
    const count = 24_000;
    const back = 14_000;
    const all = enveloped(Array.from({ length: count }, (_, at) => prepared(at + 1, `ns/${at + 1}/k`))).map(
      (envelope, at) => ({
        ...envelope,
        time: began + BigInt(at < back ? at : at - 9000) * 1_000_000_000n,
      }),
    );
    const { log } = await openLog(join(root, 'log'));
    await log.append(all, now);
    await log.close();
    for (const round of ['without', 'with']) {
      for (const [since, until] of [
        [6000, 6010],
        [0, 4999],
        [13_990, undefined],
        [undefined, 5000],
        [20_000, undefined],
      ]) {
        const at = (second?: number) => (second === undefined ? undefined : began + BigInt(second) * 1_000_000_000n);
        const selection = { since: at(since), until: at(until), from: 1, types: [] };
        assert.equal(await selected(storeFiles(root), selection), linear(all, selection), `${round} ${since} ${until}`);
        const newest = { ...selection, newest: 700 };
        assert.equal(
          await selected(storeFiles(root), newest),
          linear(all, newest),
          `${round} newest ${since} ${until}`,
        );
      }
      await indexLog(join(root, 'log'), join(root, 'index'));
    }
  }));

test('accept a time ahead of the clock if the log has one, and refuse others', () =>
  inRoot(async (root) => {
    const ahead = BigInt(Date.now() + 86_400_000) * 1_000_000n;
    const all = enveloped([prepared(1, 'ns/1/k'), prepared(2, 'ns/2/k'), prepared(3, 'ns/3/k')]).map((one, at) => ({
      ...one,
      time: [began, ahead, began + 1n][at] ?? 0n,
    }));
    const { log } = await openLog(join(root, 'log'), { store: storeId });
    await log.append(all, now);
    await log.close();
    assert.is((await stateOfStore(storeFiles(root), text(ahead))).position, 3);
    assert.is((await stateOfStore(storeFiles(root), text(began))).position, 1);
    assert.match((await caughtFault(stateOfStore(storeFiles(root), text(ahead + 1n)))).message, 'is in the future');
  }));

test.run();
