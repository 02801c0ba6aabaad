import * as assert from 'uvu/assert';
import type { FleetImage, FleetIncident, FleetUsage } from '../../../src/ports/fleet-database.ts';
import { assertFold, expectedPath, expectedRows } from './expected-rows.ts';
import type { FleetTables } from './memory-fleet-database.ts';
import type { StoreHistory } from './store-history.ts';

/** The tables hold what a fold of each whole log says, row by row, and nothing else. */
export function assertTables(tables: FleetTables, histories: readonly Pick<StoreHistory, 'store' | 'log'>[]): void {
  const written = histories.filter(({ log }) => log.length > 0);
  assert.equal([...tables.stores.keys()].sort(), written.map(({ store }) => store).sort());
  const counts = { snapshots: 0, kept: 0 };
  for (const { store, log } of written) {
    const expected = expectedRows(
      store,
      log.flatMap((one) => (one.kind === 'event' ? [one.envelope] : [])),
    );
    for (const [id, row] of expected.snapshots) {
      const found = tables.snapshots.get(`${store} ${id}`);
      assert.ok(found !== undefined, `there is no row of snapshot ${id} of ${store}`);
      const { fold: _, path, ...rest } = found;
      if (row.removed === null) assert.is(path, expectedPath(expected, id), `path of ${id} of ${store}`);
      assert.equal(inMicroseconds(rest), inMicroseconds(row), `snapshot ${id} of ${store}`);
      assertFold(found, expected);
    }
    const stored = tables.stores.get(store);
    assert.is(stored?.head.position, log.length);
    assert.is(stored?.driver, expected.state.storeInfo.driver);
    assert.is(stored?.open, expected.state.storeInfo.open);
    assert.is(stored?.unknown, log.filter(({ kind }) => kind === 'unknown').length);
    const incidents = [...tables.incidents.values()].filter((one) => one.store === store && one.position > 0);
    assert.equal(incidents.map(shown).sort(), expectedIncidents(log).sort());
    const rows = [...tables.usage.values()].filter((row) => row.store === store);
    assert.equal(sorted(rows), sorted(expected.usage));
    const images = [...tables.images.values()].filter((row) => row.store === store);
    assert.equal(byName(images), byName(expected.images));
    counts.snapshots += expected.snapshots.size;
    counts.kept += stored?.unknown ?? 0;
  }
  assert.is(tables.snapshots.size, counts.snapshots);
  assert.is(tables.kept.size, counts.kept);
}

const sorted = (rows: readonly FleetUsage[]) =>
  [...rows].sort((a, b) => (`${a.day} ${a.namespace}` < `${b.day} ${b.namespace}` ? -1 : 1));

const byName = (rows: readonly FleetImage[]) =>
  rows.map(inMicroseconds).sort((a, b) => (`${a.namespace}/${a.name}` < `${b.namespace}/${b.name}` ? -1 : 1));

/** A database keeps microseconds. */
const inMicroseconds = (row: object): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(row).map(([key, value]) => [key, typeof value === 'bigint' ? value / 1000n : value]),
  );

const shown = ({ position, kind, snapshot, key }: FleetIncident) => `${position} ${kind} ${snapshot} ${key}`;

function expectedIncidents(log: StoreHistory['log']): string[] {
  let boot = '';
  return log.flatMap((one) => {
    if (one.kind === 'unknown') return [];
    const { position, event } = one.envelope;
    switch (event.type) {
      case 'VolumeLost':
        return [`${position} lost ${event.data.id} ${event.data.key}`];
      case 'PrepareUndone':
      case 'CommitUndone':
        return [`${position} undone ${event.data.id} ${event.data.key}`];
      case 'OrphanQuarantined':
        return [`${position} quarantined ${event.data.id} `];
      case 'LogRepaired':
        return [`${position} repaired null `];
      case 'StoreOpened': {
        const kind = boot !== '' && boot !== event.data.boot ? 'power-cut' : 'crash';
        boot = event.data.boot;
        return event.data.clean ? [] : [`${position} ${kind} null `];
      }
      default:
        return [];
    }
  });
}
