import type { FleetChange, FleetSnapshot, FleetStore } from '../../src/ports/fleet-database.ts';

/** Nanoseconds of a time, as `2026-11-28T20:00:00.123456Z`. */
export function nanos(time: string): bigint {
  const [, seconds = '', fraction = ''] = /^(.*?)(?:\.(\d+))?Z$/.exec(time) ?? [];
  return BigInt(Date.parse(`${seconds}Z`)) * 1_000_000n + BigInt(fraction.padEnd(9, '0'));
}

export const sampleStore = (store: string, given: Partial<FleetStore> = {}): FleetStore => ({
  store,
  node: `node-${store}`,
  driver: 'overlay',
  version: '0.1.0',
  kernel: '6.1.0-30-amd64',
  fileSystem: 'xfs',
  rootBytes: 107_374_182_400,
  root: '/var/lib/snapledger',
  open: true,
  lineage: 1,
  first: 1,
  head: { position: 10, chainHash: '0123456789abcdef'.repeat(4), stopped: false },
  lastEvent: nanos('2026-11-28T20:00:00.123456Z'),
  lastRecorded: nanos('2026-11-28T20:00:01Z'),
  unknown: 0,
  fault: '',
  hint: '',
  fold: '{"lastId":7}',
  ...given,
});

const digest = (id: number) => `sha256:${id.toString(16).padStart(64, '0')}`;

export const sampleSnapshot = (store: string, id: number, given: Partial<FleetSnapshot> = {}): FleetSnapshot => ({
  store,
  id,
  key: `k8s.io/${id}/${digest(id)}`,
  namespace: 'k8s.io',
  kind: 'committed',
  parent: '',
  parentId: null,
  path: `/${id}`,
  chainId: digest(id),
  diffId: null,
  bytes: 4096,
  inodes: 3,
  actor: 'containerd',
  prepared: nanos('2026-11-28T19:00:00.000001Z'),
  committed: nanos('2026-11-28T19:00:02Z'),
  lastUsed: null,
  removed: null,
  ended: null,
  retained: false,
  fold: JSON.stringify([['usage', [[id, 4096, 3]]]]),
  ...given,
});

/** A change up to a position of the cluster, of nothing but what is given. */
export const sampleChange = (at: number, given: Partial<FleetChange> = {}): FleetChange => ({
  at: { commit: BigInt(at), prepare: BigInt(at) },
  restarted: [],
  stores: [],
  snapshots: [],
  incidents: [],
  usage: [],
  images: [],
  kept: [],
  ...given,
});
