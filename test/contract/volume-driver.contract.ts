import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Fault } from '../../src/ports/fault.ts';
import type { Found, Volume, VolumeDriver } from '../../src/ports/volume-driver.ts';
import { type Missing, suiteNeeding } from '../support/requirements.ts';

/** A driver on a new root, and changes that tests make behind its back. */
export interface DriverBench {
  readonly driver: VolumeDriver;
  /** Writes a file of some kilobytes into an active, as its user would. */
  write(volume: Volume, name: string): Promise<void>;
  /** Puts a foreign entry below `snapshots/`. */
  putForeign(name: string): void;
  /** Deletes a required part of an active, but not its content. */
  breakApart(id: number): void;
  /** Deletes a volume's content. */
  lose(id: number): void;
  /** Whether a purge reports the bytes freed; default: true. */
  readonly tellsFreed?: boolean;
  end(): Promise<void>;
}

type Open = () => Promise<DriverBench>;

/** An active without labels, on the parents given. */
export const active = (id: number, ...parents: number[]): Volume => ({ id, kind: 'active', parents, labels: {} });
export const view = (id: number, ...parents: number[]): Volume => ({ id, kind: 'view', parents, labels: {} });
const committed = (volume: Volume): Volume => ({ ...volume, kind: 'committed' });

/** Commits an active: only then can it be a parent. */
async function commit({ flush, freeze, dropActive }: VolumeDriver, volume: Volume): Promise<void> {
  await flush(volume);
  await freeze(volume);
  await dropActive(committed(volume));
}

/** The contract of every volume driver. */
export function volumeDriverContract(name: string, open: Open, missing: Missing = undefined): void {
  makingContract(name, open, missing);
  committingContract(name, open, missing);
  measuringContract(name, open, missing);
  reconcilingContract(name, open, missing);
}

type Action = (bench: DriverBench) => Promise<void>;

/** A suite whose tests each get a bench, which is closed after the test. */
function benchSuite(name: string, open: Open, missing: Missing) {
  const test = missing === undefined ? suite(name) : suiteNeeding(name, missing);
  const put = (title: string, action: Action) =>
    test(title, async () => {
      const bench = await open();
      try {
        await action(bench);
      } finally {
        await bench.driver.close();
        await bench.end();
      }
    });
  return { put, run: () => test.run() };
}

function makingContract(name: string, open: Open, missing: Missing): void {
  const making = benchSuite(`${name}: creating`, open, missing);

  making.put('creates a complete active, with an empty layer', async ({ driver }) => {
    await driver.create(active(1));
    const found = only(await driver.scan());
    const { path, id, layer, complete, frozen } = found;
    assert.equal([path, id, layer, complete, frozen], ['snapshots/1', 1, true, true, false]);
    assert.ok(await driver.isPristine(found));
  });

  making.put('occupies disk space with an active', async ({ driver }) => {
    for (const kind of ['active', 'committed'] as const) assert.ok(driver.occupies({ kind }));
  });

  making.put('occupies as much for a view as it reports', async ({ driver }) => {
    await driver.create(active(1));
    await commit(driver, active(1));
    for (const look of [view(2), view(3, 1)]) {
      await driver.create(look);
      assert.is((await idsOf(driver)).includes(look.id), driver.occupies(look));
    }
  });

  making.put('reports what is in the place of an id, whatever created it', async ({ driver, putForeign }) => {
    await driver.create(active(1));
    putForeign('2');
    assert.equal([driver.isVacant(1), driver.isVacant(2), driver.isVacant(3)], [false, false, true]);
    await driver.purge(1);
    assert.ok(driver.isVacant(1));
  });

  making.put('keeps the written data when it is created again', async (bench) => {
    await bench.driver.create(active(1));
    await bench.write(active(1), 'file');
    const before = await bench.driver.usage(active(1));
    await bench.driver.create(active(1));
    assert.equal(await bench.driver.usage(active(1)), before);
  });

  making.put('completes a partial volume, and keeps the written data', async (bench) => {
    const { driver } = bench;
    await driver.create(active(1));
    await bench.write(active(1), 'file');
    bench.breakApart(1);
    assert.equal(partsOf(await driver.scan()), [[1, true, false]]);
    await driver.create(active(1));
    assert.equal(partsOf(await driver.scan()), [[1, true, true]]);
    assert.not(await driver.isPristine(only(await driver.scan())));
  });

  making.put('creates nothing on a missing parent', async ({ driver }) => {
    for (const child of [active(2, 1), view(3, 1)]) await rejectsWith(() => driver.create(child), 'io');
    assert.equal(await driver.scan(), []);
  });

  making.put('creates many concurrently', async ({ driver }) => {
    const ids = Array.from({ length: 50 }, (_, index) => index + 1);
    await Promise.all(ids.map((id) => driver.create(active(id))));
    assert.equal(await idsOf(driver), ids);
  });

  making.put('returns one mount, writable only for an active', async ({ driver }) => {
    for (const base of [active(1), active(2, 1)]) {
      await driver.create(base);
      await commit(driver, base);
    }
    for (const volume of [active(3), active(4, 1), active(5, 2, 1), view(6), view(7, 1), view(8, 2, 1)]) {
      await driver.create(volume);
      const [mount, ...others] = await driver.mounts(volume);
      assert.equal(others, []);
      assert.is(mount?.target, '');
      if (volume.kind === 'active') assert.not(mount?.options.includes('ro'));
      else assert.not(mount?.options.some((option) => option === 'rw' || option.startsWith('upperdir')));
    }
  });

  making.run();
}

function committingContract(name: string, open: Open, missing: Missing): void {
  const committing = benchSuite(`${name}: committing`, open, missing);

  committing.put('keeps the layer through a commit, with each step repeated', async (bench) => {
    const { driver } = bench;
    await driver.create(active(1));
    await bench.write(active(1), 'file');
    const before = await driver.usage(active(1));
    for (const step of [driver.flush, driver.freeze]) for (let n = 0; n < 2; n++) await step(active(1));
    for (let n = 0; n < 2; n++) await driver.dropActive(committed(active(1)));
    const found = only(await driver.scan());
    assert.ok(found.layer);
    assert.not(found.frozen);
    assert.equal(await driver.usage(committed(active(1))), before);
    await driver.create(active(2, 1));
  });

  committing.put('keeps the active unchanged when it is unfrozen', async (bench) => {
    const { driver } = bench;
    await driver.create(active(1));
    await bench.write(active(1), 'file');
    await driver.freeze(active(1));
    for (let n = 0; n < 2; n++) await driver.unfreeze(active(1));
    assert.equal(partsOf(await driver.scan()), [[1, true, true]]);
    assert.not(only(await driver.scan()).frozen);
    await bench.write(active(1), 'another');
  });

  committing.put('reports no missing layer as flushed or frozen', async (bench) => {
    const { driver } = bench;
    await driver.create(active(1));
    bench.lose(1);
    await rejectsWith(() => driver.flush(active(1)), 'io');
    await rejectsWith(() => driver.freeze(active(1)), 'io');
  });

  committing.put('flushes many concurrently', async (bench) => {
    const ids = [1, 2, 3, 4, 5, 6];
    for (const id of ids) {
      await bench.driver.create(active(id));
      await bench.write(active(id), 'file');
    }
    await Promise.all(ids.map((id) => bench.driver.flush(active(id))));
  });

  committing.run();
}

function measuringContract(name: string, open: Open, missing: Missing): void {
  const measuring = benchSuite(`${name}: measuring and purging`, open, missing);

  measuring.put('measures nothing of a view', async ({ driver }) => {
    await driver.create(view(1));
    assert.equal(await driver.usage(view(1)), { bytes: 0, inodes: 0 });
  });

  measuring.put('measures more of an active after a write', async (bench) => {
    await bench.driver.create(active(1));
    const empty = await bench.driver.usage(active(1));
    assert.is(empty.inodes, 1);
    await bench.write(active(1), 'file');
    const written = await bench.driver.usage(active(1));
    assert.is(written.inodes, 2);
    assert.ok(written.bytes > empty.bytes, `${written.bytes} > ${empty.bytes}`);
  });

  measuring.put('measures only its own data, and reports if that is missing', async (bench) => {
    const { driver } = bench;
    await driver.create(active(1));
    await bench.write(active(1), 'file');
    await commit(driver, active(1));
    await driver.create(active(2, 1));
    assert.is((await driver.usage(active(2, 1))).inodes, 1);
    bench.lose(2);
    await rejectsWith(() => driver.usage(active(2, 1)), 'io');
  });

  measuring.put('does not measure after a cancel, and nothing large once it is halted', async (bench) => {
    const { driver } = bench;
    for (const id of [1, 2]) await driver.create(active(id));
    for (const id of [1, 2]) await bench.write(active(id), 'file');
    const reason = new Error('hung up');
    const gone: unknown = await driver
      .usage(active(1), AbortSignal.abort(reason))
      .catch((error: Error) => error.message);
    assert.match(String(gone), 'hung up');
    assert.is((await driver.usage(active(1), new AbortController().signal)).inodes, 2);
    driver.halt();
    driver.halt();
    await rejectsWith(() => driver.usage(active(1)), 'stopped');
    await rejectsWith(() => driver.purge(1), 'stopped');
    assert.equal(await idsOf(driver), [1, 2]);
  });

  measuring.put('purges everything of an id, complete or not, and nothing else', async (bench) => {
    const { driver } = bench;
    for (const id of [1, 2, 3, 4]) await driver.create(active(id));
    for (const id of [1, 2]) await bench.write(active(id), 'file');
    bench.breakApart(3);
    const freed = await driver.purge(2);
    assert.is(freed > 0, bench.tellsFreed ?? true);
    await driver.purge(3);
    bench.lose(4);
    await driver.purge(4);
    assert.equal(await idsOf(driver), [1]);
    assert.is((await driver.usage(active(1))).inodes, 2);
  });

  measuring.put('finds nothing to purge the second time, or if nothing was created', async ({ driver }) => {
    await driver.create(active(1));
    await driver.purge(1);
    for (const id of [1, 2]) assert.is(await driver.purge(id), 0);
  });

  measuring.run();
}

function reconcilingContract(name: string, open: Open, missing: Missing): void {
  const reconciling = benchSuite(`${name}: reconciling`, open, missing);

  reconciling.put('finds nothing on a new root', async ({ driver }) => {
    assert.equal(await driver.scan(), []);
  });

  reconciling.put('lists foreign entries without an id', async (bench) => {
    for (const foreign of ['lost', '007', '-1', '1.5', '99999999999999999999']) bench.putForeign(foreign);
    for (const found of await bench.driver.scan())
      assert.equal([found.id, found.layer, found.complete, found.frozen], [null, false, false, false], found.path);
    assert.is((await bench.driver.scan()).length, 5);
  });

  reconciling.put('distinguishes written volumes from pristine ones', async (bench) => {
    const { driver } = bench;
    for (const id of [1, 2]) await driver.create(active(id));
    await bench.write(active(1), 'file');
    for (const found of await driver.scan()) assert.is(await driver.isPristine(found), found.id === 2);
  });

  reconciling.put('quarantines under the given name, or a similar one that is free', async (bench) => {
    const { driver } = bench;
    const places: string[] = [];
    for (const id of [1, 2, 3]) {
      await driver.create(active(id));
      await bench.write(active(id), 'file');
      places.push(await driver.quarantine(only(await driver.scan()), 'aside'));
    }
    assert.is(places[0], 'quarantine/aside');
    assert.is(new Set(places).size, 3);
    assert.equal(await driver.scan(), []);
  });

  reconciling.put('quarantines what was quarantined before', async ({ driver }) => {
    await driver.create(active(1));
    const found = only(await driver.scan());
    const place = await driver.quarantine(found, 'aside');
    assert.is(await driver.quarantine(found, 'aside'), place);
  });

  reconciling.put('discards any entry, and finds it gone the second time', async (bench) => {
    const { driver } = bench;
    await driver.create(active(1));
    await bench.write(active(1), 'file');
    bench.putForeign('lost');
    for (const found of await driver.scan()) for (let n = 0; n < 2; n++) await driver.discard(found);
    assert.equal(await driver.scan(), []);
  });

  reconciling.put('holds exactly what was created and not purged, in any order of operations', async ({ driver }) => {
    const operation = fc.record({
      id: fc.integer({ min: 1, max: 4 }),
      what: fc.constantFrom('create', 'commit', 'purge'),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { maxLength: 12 }), async (operations) => {
        const there = new Set<number>();
        for (const { id, what } of operations) await perform(driver, { id, what, there });
        assert.equal(await idsOf(driver), [...there].sort());
        for (const id of there) await driver.purge(id);
      }),
      { numRuns: 25 },
    );
  });

  reconciling.run();
}

async function perform(
  driver: VolumeDriver,
  { id, what, there }: { id: number; what: string; there: Set<number> },
): Promise<void> {
  if (what === 'create') {
    await driver.create(active(id));
    there.add(id);
  } else if (what === 'commit' && there.has(id)) {
    await driver.create(active(id));
    await commit(driver, active(id));
  } else if (what === 'purge') {
    await driver.purge(id);
    there.delete(id);
  }
}

export async function rejectsWith(act: () => Promise<unknown>, code: Fault['code']): Promise<Fault> {
  const thrown = await act().then(
    () => undefined,
    (error: Fault) => error,
  );
  assert.is(thrown?.name, 'Fault', `a fault was expected, not ${thrown}`);
  assert.is(thrown?.code, code, thrown?.message);
  assert.ok((thrown?.hint.length ?? 0) > 0);
  return thrown as Fault;
}

/** The only entry of a scan. */
export function only(found: readonly Found[]): Found {
  const [first, ...others] = found;
  assert.equal(others, []);
  if (first === undefined) throw new Error('nothing was found');
  return first;
}

export async function idsOf(driver: VolumeDriver): Promise<readonly (number | null)[]> {
  return (await driver.scan()).map(({ id }) => id).sort((a, b) => Number(a) - Number(b));
}

const partsOf = (found: readonly Found[]) => found.map(({ id, layer, complete: whole }) => [id, layer, whole]);
