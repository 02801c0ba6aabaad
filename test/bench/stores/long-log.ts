import { join } from 'node:path';
import type { Event } from '../../../events/registry.ts';
import { toRows } from '../../../projections/checkpoint-rows.ts';
import { emptyState, evolve } from '../../../projections/state.ts';
import { createFileCheckpointStore } from '../../../src/adapters/checkpoint-store/file-checkpoint-store.ts';
import { openFileEventLog } from '../../../src/adapters/event-log/file/file-event-log.ts';
import { stampEvents } from '../../../src/app/store/journal.ts';

export const store = '0b7c1e9e-3a55-4c8e-9d0a-6a1f6a3f1c11';
const began = 1_760_000_000_000_000_000n;
const batchLength = 1000;

/** Digests as they are: 64 hex digits. */
export const digest = (n: number) => `sha256:${n.toString(16).padStart(8, '0').repeat(8)}`;

/** Images of 8 layers each pulled and, after 400 others, removed from the last layer to the first; labels as containerd's. */
function* history(): Generator<Event> {
  yield { type: 'StoreCreated', data: { store, driver: 'overlay', version: '0' } };
  for (let image = 0; ; image++) {
    for (let layer = 1; layer <= 8; layer++) yield* pulled(image * 8 + layer, layer === 1);
    if (image >= 400) for (let layer = 8; layer >= 1; layer--) yield* removed((image - 400) * 8 + layer, layer === 1);
  }
}

const parentOf = (id: number, base: boolean) =>
  base ? ({ parent: '', parentId: null } as const) : { parent: nameOf(id - 1), parentId: id - 1 };
/** The name of the layer with a number. */
export const nameOf = (id: number) => `k8s.io/${id}/${digest(id)}`;

function* pulled(id: number, base: boolean): Generator<Event> {
  const key = `k8s.io/${id}/extract-${id}-aBcD ${digest(id)}`;
  const labels = {
    'containerd.io/snapshot.ref': digest(id),
    'containerd.io/snapshot/cri.layer-digest': digest(id + 1),
  };
  const data = { id, key, ...parentOf(id, base), labels };
  yield { type: 'SnapshotPrepared', data: { ...data, kind: 'active' } };
  yield { type: 'SnapshotCommitted', data: { ...data, name: nameOf(id), flushed: true } };
  yield { type: 'UsageMeasured', data: { id, bytes: 4096 * id, inodes: id % 5000 } };
}

function* removed(id: number, base: boolean): Generator<Event> {
  const whole = { kind: 'committed', labels: {}, created: began, updated: began, retained: false } as const;
  yield { type: 'SnapshotRemoved', data: { id, key: nameOf(id), ...parentOf(id, base), ...whole } };
  yield { type: 'VolumePurged', data: { id, why: 'removed', bytes: 4096 * id } };
}

/** Writes a log of so many events below a root, a second apart, with checkpoints as a daemon leaves them on its way. */
export async function writeLongLog(root: string, events: number, every = 50_000): Promise<void> {
  const { log } = await openFileEventLog({ directory: join(root, 'log'), store, preallocate: () => {} });
  const checkpoints = createFileCheckpointStore({ directory: join(root, 'checkpoints') });
  const facts = history();
  const state = emptyState();
  while (log.end.position < events) {
    const batch = Array.from({ length: Math.min(batchLength, events - log.end.position) }, () => facts.next().value);
    const clock = () => began + BigInt(log.end.position) * 1_000_000_000n;
    const meta = { actor: 'containerd', namespace: 'k8s.io', lease: 'pull-1' };
    const stamped = stampEvents(batch, { store, after: log.end.position, clock, actor: meta });
    await log.append(stamped, { reserve: true, flush: 'now' });
    stamped.reduce(evolve, state);
    if (log.end.position % every === 0) await checkpoints.save(log.end, toRows(state));
  }
  await log.close();
}
