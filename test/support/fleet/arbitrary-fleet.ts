import * as fc from 'fast-check';
import type {
  FleetChange,
  FleetImage,
  FleetSnapshot,
  FleetStore,
  FleetUsage,
} from '../../../src/ports/fleet-database.ts';

/** Rows of the fleet's tables, as a test makes them. */
export interface Fleet {
  readonly stores: readonly FleetStore[];
  readonly snapshots: readonly FleetSnapshot[];
  readonly usage: readonly FleetUsage[];
  readonly images: readonly FleetImage[];
}

const day = 86_400_000_000_000n;

/** The first moment of the days that these fleets live in. */
export const beginning = BigInt(Date.UTC(2026, 8, 20)) * 1_000_000n;
export const days = 70;
export const dayAfter = (count: number) =>
  new Date(Number((beginning + BigInt(count) * day) / 1_000_000n)).toISOString().slice(0, 10);

/** A time in whole microseconds, some of them at the beginning of a day. */
export const arbitraryTime: fc.Arbitrary<bigint> = fc
  .tuple(fc.integer({ min: 0, max: days - 1 }), fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 86_399_999_999 })))
  .map(([days, micros]) => beginning + BigInt(days) * day + BigInt(micros) * 1000n);

export const digests = ['a', 'ab', 'b', 'c', 'd'].map((letters) => `sha256:${letters.padEnd(64, '0')}`);
const namespaces = ['k8s.io', 'moby', 'ns%_'];

export function storeRow(store: string, node: string, more: Partial<FleetStore> = {}): FleetStore {
  return {
    ...{ store, node, driver: 'overlay', version: '1', kernel: '6.1', fileSystem: 'ext4', rootBytes: 1000, root: '/r' },
    ...{ open: true, lineage: 1, first: 1, head: { position: 1, chainHash: 'h', stopped: false } },
    ...{ lastEvent: beginning, lastRecorded: beginning, unknown: 0, fault: '', hint: '', fold: null },
    ...more,
  };
}

export function snapshotRow(store: string, id: number, more: Partial<FleetSnapshot> = {}): FleetSnapshot {
  return {
    ...{ store, id, key: `k8s.io/${id}/key${id}`, namespace: 'k8s.io', kind: 'active', parent: '', parentId: null },
    path: typeof more.parentId === 'number' ? `/${more.parentId}/${id}` : `/${id}`,
    ...{
      chainId: '',
      diffId: null,
      bytes: null,
      inodes: null,
      actor: 'containerd',
      prepared: beginning,
      committed: null,
    },
    ...{ lastUsed: null, removed: null, ended: null, retained: false },
    // Of a row that no later event changes, nothing is kept.
    fold: (more.removed ?? null) === null || more.retained === true ? '[]' : null,
    ...more,
  };
}

export const noChange: FleetChange = {
  at: { commit: 1n, prepare: 1n },
  ...{ restarted: [], stores: [], snapshots: [], incidents: [], usage: [], images: [], kept: [] },
};

const maybe = <T>(one: fc.Arbitrary<T>) => fc.option(one, { nil: null, freq: 4 });

const arbitrarySnapshot = fc.record({
  kind: fc.constantFrom('committed', 'committed', 'active', 'view'),
  digest: fc.nat({ max: digests.length - 1 }),
  diff: maybe(fc.nat({ max: digests.length - 1 })),
  namespace: fc.constantFrom(...namespaces),
  /** among the committed ones before it */
  parent: maybe(fc.nat()),
  bytes: maybe(fc.nat({ max: 1_000_000 })),
  times: fc.array(arbitraryTime, { minLength: 4, maxLength: 4 }),
  known: fc.boolean(),
  removed: fc.constantFrom(false, false, true),
  retained: fc.boolean(),
} as const);

const arbitrarySnapshots = (store: string): fc.Arbitrary<readonly FleetSnapshot[]> =>
  fc.array(arbitrarySnapshot, { maxLength: 14 }).map((all) => {
    const rows: FleetSnapshot[] = [];
    for (const [at, { kind, digest, diff, namespace, parent, times, known, ...one }] of all.entries()) {
      const id = at + 1;
      // What exists is on what exists.
      const layers = rows.filter((row) => row.kind === 'committed' && (one.removed || row.removed === null));
      const below = parent === null ? undefined : layers[parent % Math.max(1, layers.length)];
      const [prepared = 0n, committed = 0n, lastUsed = 0n, removed = 0n] = [...times].sort((a, b) => (a < b ? -1 : 1));
      const chainId = kind === 'committed' && known ? (digests[digest] ?? '') : '';
      rows.push(
        snapshotRow(store, id, {
          ...{ kind: kind as FleetSnapshot['kind'], namespace, chainId, bytes: one.bytes },
          key: `${namespace}/${id}/${chainId || `own${id % 4}`}`,
          parent: below?.key ?? '',
          parentId: below?.id ?? null,
          path: `${below?.path ?? ''}/${id}`,
          diffId: diff === null ? null : (digests[diff] ?? null),
          prepared: known ? prepared : null,
          committed: kind === 'committed' ? committed : null,
          lastUsed: kind === 'committed' && one.retained ? lastUsed : null,
          ...(one.removed
            ? { removed, ended: 'removed', retained: one.retained, fold: one.retained ? '[]' : null }
            : {}),
        }),
      );
    }
    return rows;
  });

const arbitraryUsage = (store: string): fc.Arbitrary<readonly FleetUsage[]> =>
  fc
    .uniqueArray(
      fc.tuple(
        fc.integer({ min: 0, max: 9 }),
        fc.constantFrom(...namespaces),
        fc.nat({ max: 5 }),
        fc.nat({ max: 1000 }),
      ),
      {
        selector: ([day, namespace]) => `${day} ${namespace}`,
        maxLength: 12,
      },
    )
    .map((all) =>
      all.map(([count, namespace, snapshots, bytes]) => ({
        ...{ store, day: dayAfter(count), namespace, prepared: 1, committed: 1, removed: 0, lost: 0 },
        ...{ bytesAdded: bytes, bytesRemoved: count, snapshots, bytes },
      })),
    );

const arbitraryImages = (store: string): fc.Arbitrary<readonly FleetImage[]> =>
  fc
    .uniqueArray(
      fc.record({
        name: fc.constantFrom('docker.io/a:1', 'docker.io/b:1', 'x%_'),
        namespace: fc.constantFrom(...namespaces),
        target: fc.constantFrom(...digests),
        layers: fc.array(fc.constantFrom(...digests), { maxLength: 3 }),
        deleted: maybe(arbitraryTime),
      }),
      { selector: ({ name, namespace }) => `${name} ${namespace}`, maxLength: 4 },
    )
    .map((all) => all.map((image) => ({ store, created: beginning, updated: beginning, ...image })));

const ids = ['11111111-aaaa', '11111111-bbbb', '22222222-cccc'];
const nodes = ['node-a', 'node-b', 'node-a'];

/** Up to three stores, two of which have the same node's name, with few names, so that they meet. */
export const arbitraryFleet: fc.Arbitrary<Fleet> = fc
  .nat({ max: ids.length })
  .chain((count) =>
    fc.tuple(
      ...ids.slice(0, count).map((id) => fc.tuple(arbitrarySnapshots(id), arbitraryUsage(id), arbitraryImages(id))),
    ),
  )
  .map((all) => ({
    stores: all.map((_, at) => storeRow(ids[at] ?? '', nodes[at] ?? '')),
    snapshots: all.flatMap(([snapshots]) => snapshots),
    usage: all.flatMap(([, usage]) => usage),
    images: all.flatMap(([, , images]) => images),
  }));
