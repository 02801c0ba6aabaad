import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { either } from 'fp-ts';
import type { Test } from 'uvu';
import * as assert from 'uvu/assert';
import type { RetentionPolicy } from '../../src/app/retention/policy.ts';
import type { Answer } from '../../src/domain/commands.ts';
import { steps } from '../../src/ports/failpoints.ts';
import { Fault } from '../../src/ports/fault.ts';
import { commit, remove } from '../support/commands.ts';
import { eventsOf, onDisk, verified } from '../support/inspect-store.ts';
import { suiteNeeding } from '../support/requirements.ts';
import { createSandbox } from '../support/sandbox.ts';
import { speedUpTimers } from '../support/speed-up-timers.ts';
import { waitFor } from '../support/wait-for.ts';
import { type ArmedFailpoints, createArmedFailpoints } from './armed-failpoints.ts';
import { type DiskStore, openDiskStore } from './disk-store.ts';
import { type DriverUnderTest, driversUnderTest, isStepOf } from './drivers.ts';
import { errnoRows } from './errno-rows.ts';
import { type Outcome, type Row, undoTable } from './undo-table.ts';

speedUpTimers();
const actor = { actor: 'containerd' };

/** A store and its failpoints; an operation may close the store and open it again. */
interface Environment {
  readonly root: string;
  readonly failpoints: ArmedFailpoints;
  store: DiskStore;
  open(retention?: RetentionPolicy | null): Promise<DiskStore>;
}

async function outcomeOf(operation: () => Promise<unknown>): Promise<Outcome> {
  try {
    const answer = (await operation()) as Answer<unknown> | undefined;
    return answer !== undefined && '_tag' in answer && either.isLeft(answer) ? answer.left.code : 'done';
  } catch (error) {
    if (error instanceof Fault) return error.code;
    throw error;
  }
}

const prepareNew = ({ store }: Environment, parent: string) =>
  store.snapshots.prepare({ type: 'Prepare', key: 'new', parent, kind: 'active', labels: {} }, actor);

const operations: Readonly<Record<Row['operation'], (environment: Environment) => Promise<unknown>>> = {
  prepare: (environment) => prepareNew(environment, 'base'),
  'prepare without parent': (environment) => prepareNew(environment, ''),
  commit: ({ store }) => store.snapshots.commit(commit('k', 'n'), actor),
  'commit with parent': ({ store }) => store.snapshots.commit(commit('k', 'n', { parent: 'base' }), actor),
  remove: ({ store }) => store.snapshots.remove(remove('k'), actor),
  update: ({ store }) => store.snapshots.update({ type: 'Update', key: 'k', labels: { a: 'b' }, mask: [] }, actor),
  reconcile: async ({ root, store }) => {
    mkdirSync(join(root, 'snapshots', '99'), { recursive: true });
    await store.reconcile({ dryRun: false });
  },
  close: ({ store }) => store.end(),
  open: async (environment) => {
    await environment.store.end();
    environment.store = await environment.open();
  },
  restore: ({ store }) => store.restore('old'),
  'open without retention': async (environment) => {
    await environment.store.end();
    environment.store = await environment.open();
  },
};

const forever: RetentionPolicy = { keep: 1e9, maxSnapshots: 1e6, maxBytes: 1e12, minFree: { bytes: 0 } };

async function createEnvironment(
  driver: DriverUnderTest,
  root: string,
  { segmentBytes, retained, unpacked, step }: Pick<Row, 'segmentBytes' | 'retained' | 'unpacked' | 'step'>,
): Promise<Environment> {
  const failpoints = createArmedFailpoints();
  mkdirSync(root, { recursive: true });
  // With volumes made ahead, few of the other steps are reached, and a lack of space is not the end.
  const ahead = step.startsWith('pool.');
  const createDriver: DriverUnderTest['create'] = async (...args) => {
    const made = await driver.create(...args);
    return ahead ? made : { ...made, pool: undefined };
  };
  const open = (retention: RetentionPolicy | null = null) =>
    openDiskStore({
      retention,
      root,
      failpoint: failpoints.failpoint,
      createDriver,
      ...(segmentBytes === undefined ? {} : { segmentBytes }),
    });
  const store = await open(retained === true ? forever : null);
  const prepare = (key: string, parent: string, labels = {}) =>
    store.snapshots.prepare({ type: 'Prepare', key, parent, kind: 'active', labels }, actor);
  await prepare('first', '');
  await store.snapshots.commit(commit('first', 'base'), actor);
  if (unpacked === true) await prepare('k', '', { 'containerd.io/snapshot.ref': 'k' });
  else await prepare('k', 'base');
  if (retained === true) {
    await prepare('third', '');
    await store.snapshots.commit(commit('third', 'old'), actor);
    await store.snapshots.usage('old');
    await store.snapshots.remove(remove('old'), actor);
  }
  await store.snapshots.usage('base');
  await store.journal.settled();
  // One is taken; that another can be given up is why a lack of space is not the end.
  if (ahead) await waitFor('two volumes made ahead', () => volumesAhead(root) > 1);
  return { root, failpoints, store, open };
}

/** How many complete ones there are. */
const volumesAhead = (root: string) =>
  readdirSync(join(root, 'pool')).filter((name) => existsSync(join(root, 'pool', name, 'work'))).length;

const indexOf = ({ store: { journal } }: Environment) =>
  [...journal.durable.index.values()].map(({ key, kind }) => `${key} ${kind}`).sort();
/** Without `UsageMeasured`: usage is measured at no fixed time. */
const loggedAfter = async (root: string, position: number) =>
  (await eventsOf(root, position)).filter((type) => type !== 'UsageMeasured');

/** Waits for the background work until `what` returns `expected`; fails with the last value. */
async function eventually(what: () => unknown, expected: unknown, message: string): Promise<void> {
  const shown = async () => JSON.stringify(await what());
  const wanted = JSON.stringify(expected);
  await waitFor(message, async () => (await shown()) === wanted).catch(() => {});
  assert.is(await shown(), wanted, message);
}

async function restart(environment: Environment): Promise<void> {
  await environment.store.end();
  environment.store = await environment.open();
}

/** Removes every snapshot, leaves first, as containerd's garbage collection does. */
async function collectGarbage({ store: { snapshots }, root }: Environment): Promise<void> {
  for (let left = listed(snapshots.list([])); left.length > 0; left = listed(snapshots.list([]))) {
    const leaf = left.find(({ key }) => !left.some(({ parent }) => parent === key));
    assert.is(await outcomeOf(() => snapshots.remove(remove(leaf?.key ?? ''), actor)), 'done');
  }
  await snapshots.cleanup();
  await eventually(() => onDisk(root).snapshots, [], 'disk in the end');
}

const listed = <T>(answer: Answer<Iterable<T>>) => (either.isRight(answer) ? [...answer.right] : []);

async function run(driver: DriverUnderTest, row: Row, root: string): Promise<void> {
  const environment = await createEnvironment(driver, root, row);
  try {
    if (row.nested === true) await driver.nest(driver.layer(root, { id: 2, kind: 'active' }));
    await fail(environment, row);
    await repeat(environment, row);
  } finally {
    await environment.store.end();
  }
}

/** Runs the operation with the step failing, then waits for the background work. */
async function fail(environment: Environment, row: Row): Promise<void> {
  const { step, error, operation, caller, said, logged, also = [] } = row;
  const { index = ['base committed', 'k active'], disk = ['1', '2'] } = row;
  const { root, failpoints, store } = environment;
  const { position } = store.journal.logPosition;
  failpoints.arm([`${step}=error(${error})`, ...also].join(';'));
  assert.is(await outcomeOf(() => operations[operation](environment)), caller, 'answer to the caller');
  if (said !== undefined) await waitFor(`"${said}"`, () => environment.store.said.includes(said));
  await waitFor(`step ${step}`, () => failpoints.reached.has(step));
  failpoints.disarm();
  await eventually(() => loggedAfter(root, position), logged, 'events');
  await eventually(() => indexOf(environment), index, 'index');
  await eventually(() => onDisk(root).snapshots, disk, 'disk');
}

/** Runs the same operation again, before and after a restart; then `verify` finds nothing, and everything can be removed. */
async function repeat(environment: Environment, { operation, again, restarted }: Row): Promise<void> {
  if (operation === 'close') await restart(environment);
  assert.is(await outcomeOf(() => operations[operation](environment)), again, 'the same operation again');
  await restart(environment);
  if (restarted !== undefined)
    assert.is(
      await outcomeOf(() => operations[operation](environment)),
      restarted,
      'the same operation after a restart',
    );
  const { status, text } = await verified(environment.root);
  assert.is(status, 0, text);
  assert.equal(onDisk(environment.root).quarantine, []);
  await collectGarbage(environment);
}

function undoTests(test: Test, driver: DriverUnderTest): void {
  // The errno rows use no step of a driver: one driver is enough.
  const table = [...undoTable(driver.name), ...(driver.name === 'overlay' ? errnoRows : [])];
  for (const row of table)
    test(`${row.operation}: ${row.step} failing with ${row.error} is answered with ${row.caller}`, async () => {
      const sandbox = createSandbox('undo');
      try {
        await run(driver, row, driver.newRoot(sandbox));
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
