import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { either } from 'fp-ts';
import type { Test } from 'uvu';
import * as assert from 'uvu/assert';
import type { RetentionPolicy } from '../../src/app/retention/policy.ts';
import type { Answer } from '../../src/domain/refusal.ts';
import { steps } from '../../src/ports/failpoints.ts';
import { Fault } from '../../src/ports/fault.ts';
import { commit, remove } from '../support/commands.ts';
import { eventsOf, onDisk, verified } from '../support/inspect-store.ts';
import { suiteNeeding } from '../support/requirements.ts';
import { createSandbox } from '../support/sandbox.ts';
import { speedUpTimers } from '../support/speed-up-timers.ts';
import { waitFor } from '../support/wait-for.ts';
import { type DiskStore, openDiskStore } from './disk-store.ts';
import { type DriverUnderTest, driversUnderTest, isStepOf } from './drivers.ts';
import { errnoRows } from './errno-rows.ts';
import { createTrap, type Trap } from './trap.ts';
import { type Outcome, type Row, undoTable } from './undo-table.ts';

speedUpTimers();
const actor = { actor: 'containerd' };

/** A store with its trap, which deeds may close and open again. */
interface Place {
  readonly root: string;
  readonly trap: Trap;
  store: DiskStore;
  open(retention?: RetentionPolicy | null): Promise<DiskStore>;
}

async function outcomeOf(deed: () => Promise<unknown>): Promise<Outcome> {
  try {
    const answer = (await deed()) as Answer<unknown> | undefined;
    return answer !== undefined && '_tag' in answer && either.isLeft(answer) ? answer.left.code : 'done';
  } catch (error) {
    if (error instanceof Fault) return error.code;
    throw error;
  }
}

const prepareNew = ({ store }: Place, parent: string) =>
  store.snapshots.prepare({ type: 'Prepare', key: 'new', parent, kind: 'active', labels: {} }, actor);

const deeds: Readonly<Record<Row['deed'], (place: Place) => Promise<unknown>>> = {
  prepare: (place) => prepareNew(place, 'base'),
  'prepare without parent': (place) => prepareNew(place, ''),
  commit: ({ store }) => store.snapshots.commit(commit('k', 'n'), actor),
  remove: ({ store }) => store.snapshots.remove(remove('k'), actor),
  update: ({ store }) => store.snapshots.update({ type: 'Update', key: 'k', labels: { a: 'b' }, mask: [] }, actor),
  reconcile: async ({ root, store }) => {
    mkdirSync(join(root, 'snapshots', '99'), { recursive: true });
    await store.reconcile({ dryRun: false });
  },
  close: ({ store }) => store.end(),
  open: async (place) => {
    await place.store.end();
    place.store = await place.open();
  },
  restore: ({ store }) => store.restore('old'),
  'open without retention': async (place) => {
    await place.store.end();
    place.store = await place.open();
  },
};

const forever: RetentionPolicy = { keep: 1e9, maxSnapshots: 1e6, maxBytes: 1e12, minFree: { bytes: 0 } };

async function createPlace(
  driver: DriverUnderTest,
  root: string,
  { segmentBytes, retained }: Pick<Row, 'segmentBytes' | 'retained'>,
): Promise<Place> {
  const trap = createTrap();
  mkdirSync(root, { recursive: true });
  const open = (retention: RetentionPolicy | null = null) =>
    openDiskStore({
      retention,
      root,
      failpoint: trap.failpoint,
      createDriver: driver.create,
      ...(segmentBytes === undefined ? {} : { segmentBytes }),
    });
  const store = await open(retained === true ? forever : null);
  const prepare = (key: string, parent: string) =>
    store.snapshots.prepare({ type: 'Prepare', key, parent, kind: 'active', labels: {} }, actor);
  await prepare('first', '');
  await store.snapshots.commit(commit('first', 'base'), actor);
  await prepare('k', 'base');
  if (retained === true) {
    await prepare('third', '');
    await store.snapshots.commit(commit('third', 'old'), actor);
    await store.snapshots.usage('old');
    await store.snapshots.remove(remove('old'), actor);
  }
  await store.snapshots.usage('base');
  await store.journal.settled();
  return { root, trap, store, open };
}

const indexOf = ({ store: { journal } }: Place) =>
  [...journal.durable.index.values()].map(({ key, kind }) => `${key} ${kind}`).sort();
/** Usage is measured whenever there is time for it. */
const loggedAfter = async (root: string, position: number) =>
  (await eventsOf(root, position)).filter((type) => type !== 'UsageMeasured');

/** Waits for the background work to give what is expected, and fails with what it gave instead. */
async function eventually(what: () => unknown, expected: unknown, message: string): Promise<void> {
  const shown = async () => JSON.stringify(await what());
  const wanted = JSON.stringify(expected);
  await waitFor(message, async () => (await shown()) === wanted).catch(() => {});
  assert.is(await shown(), wanted, message);
}

async function restart(place: Place): Promise<void> {
  await place.store.end();
  place.store = await place.open();
}

/** Removes all that is left, as containerd's collection does. */
async function collect({ store: { snapshots }, root }: Place): Promise<void> {
  for (let left = listed(snapshots.list([])); left.length > 0; left = listed(snapshots.list([]))) {
    const leaf = left.find(({ key }) => !left.some(({ parent }) => parent === key));
    assert.is(await outcomeOf(() => snapshots.remove(remove(leaf?.key ?? ''), actor)), 'done');
  }
  await snapshots.cleanup();
  await eventually(() => onDisk(root).snapshots, [], 'disk in the end');
}

const listed = <T>(answer: Answer<Iterable<T>>) => (either.isRight(answer) ? [...answer.right] : []);

async function play(driver: DriverUnderTest, row: Row, root: string): Promise<void> {
  const place = await createPlace(driver, root, row);
  try {
    if (row.nested === true) await driver.nest(driver.layer(root, { id: 2, kind: 'active' }));
    await fail(place, row);
    await goOn(place, row);
  } finally {
    await place.store.end();
  }
}

/** The step fails, and the background work comes to its end. */
async function fail(place: Place, row: Row): Promise<void> {
  const { step, error, deed, caller, said, logged, also = [] } = row;
  const { index = ['base committed', 'k active'], disk = ['1', '2'] } = row;
  const { root, trap, store } = place;
  const { position } = store.journal.place;
  trap.arm([`${step}=error(${error})`, ...also].join(';'));
  assert.is(await outcomeOf(() => deeds[deed](place)), caller, 'what the caller is told');
  if (said !== undefined) await waitFor(`"${said}"`, () => place.store.said.includes(said));
  await waitFor(`step ${step}`, () => trap.reached.has(step));
  trap.disarm();
  await eventually(() => loggedAfter(root, position), logged, 'events');
  await eventually(() => indexOf(place), index, 'index');
  await eventually(() => onDisk(root).snapshots, disk, 'disk');
}

/** The same deed again, now and after a restart; then nothing is unexplained, and everything can be removed. */
async function goOn(place: Place, { deed, again, restarted }: Row): Promise<void> {
  if (deed === 'close') await restart(place);
  assert.is(await outcomeOf(() => deeds[deed](place)), again, 'the same again');
  await restart(place);
  if (restarted !== undefined)
    assert.is(await outcomeOf(() => deeds[deed](place)), restarted, 'the same after a restart');
  const { status, text } = await verified(place.root);
  assert.is(status, 0, text);
  assert.equal(onDisk(place.root).quarantine, []);
  await collect(place);
}

function undoTests(test: Test, driver: DriverUnderTest): void {
  // No step of those rows is a driver's own: one driver is enough.
  const table = [...undoTable(driver.name), ...(driver.name === 'overlay' ? errnoRows : [])];
  for (const row of table)
    test(`${row.deed} with ${row.step} failing by ${row.error} is answered ${row.caller}`, async () => {
      const sandbox = createSandbox('undo');
      try {
        await play(driver, row, driver.newRoot(sandbox));
      } finally {
        await sandbox.close();
      }
    });

  test('every step has a row', () => {
    const without = steps.filter((step) => isStepOf(driver, step) && !table.some((row) => row.step === step));
    assert.equal(without, []);
  });
}

for (const driver of driversUnderTest) {
  const test = suiteNeeding(`undo on ${driver.name}`, ...driver.needs);
  undoTests(test, driver);
  test.run();
}
