import { beginning, dayAfter, snapshotRow, storeRow } from './arbitrary-fleet.ts';
import type { FleetServer } from './fleet-server.ts';

/** The layers that OPERATIONS.md names. */
export const base = `sha256:4b6ca1ac3383${'7'.repeat(52)}`;
export const top = `sha256:9f1e5b0c77aa${'3'.repeat(52)}`;
export const target = `sha256:0d17b565c37b${'1'.repeat(52)}`;
const [a, b] = ['11111111-s', '22222222-t'];
const mib = 2 ** 20;

const layer = (store: string, id: number, chainId: string, parentId: number | null) =>
  snapshotRow(store, id, {
    ...{
      kind: 'committed',
      chainId,
      key: `k8s.io/${id}/${chainId}`,
      parentId,
      committed: beginning,
      bytes: 80 * id * mib,
    },
  });

/** Two nodes: a layer on both, an image and its container on one, a removed layer and an incident. */
export const fillExampleFleet = (server: FleetServer): Promise<void> =>
  server.fill({
    stores: [storeRow(a, 'node-a'), storeRow(b, 'node-b')],
    snapshots: [
      layer(a, 1, base, null),
      layer(a, 2, top, 1),
      snapshotRow(a, 3, { key: 'k8s.io/3/web', parentId: 2, path: '/1/2/3' }),
      layer(b, 1, base, null),
      { ...layer(b, 2, top, 1), removed: beginning + 1000n, ended: 'removed', fold: null },
    ],
    incidents: [{ store: a, position: 4, time: beginning, kind: 'lost', snapshot: 2, key: top, text: 'gone' }],
    usage: [
      {
        ...{ store: a, day: dayAfter(0), namespace: 'k8s.io', prepared: 3, committed: 2, removed: 0, lost: 0 },
        ...{ bytesAdded: 240 * mib, bytesRemoved: 0, snapshots: 3, bytes: 240 * mib },
      },
    ],
    images: [
      {
        ...{ store: a, namespace: 'k8s.io', name: 'docker.io/library/web:1', target, layers: [base, top] },
        ...{ created: beginning, updated: beginning, deleted: null },
      },
    ],
  });
