import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Event } from '../../events/registry.ts';
import { openFileEventLog } from '../../src/adapters/event-log/file/file-event-log.ts';
import { writeIdentity } from '../../src/adapters/system/root/root-directory.ts';
import { stampEvents } from '../../src/app/store/journal.ts';

/** How much a root holds. */
export interface Amount {
  /** living ones, nine of ten committed; a multiple of ten */
  readonly snapshots: number;
  /** in the log; at least 2.8 a living snapshot */
  readonly events: number;
  /** false: no directories of snapshots, for those who read the log only */
  readonly volumes?: false;
}

const usualStore = '0b7c1e9e-3a55-4c8e-9d0a-6a1f6a3f1c11';
const layersInImage = 9;
const digest = (id: number) => `sha256:${createHash('sha256').update(String(id)).digest('hex')}`;
const refLabel = 'containerd.io/snapshot.ref';

/** The name under which a filled root has its committed snapshots, as containerd's metadata gives it. */
export const nameOf = (id: number) => `default/${id}/${digest(id)}`;

/**
 * Lives that are over, then living ones: images of nine layers with one container each, in keys, names and labels as long
 * as containerd's.
 */
function* history({ snapshots, events }: Amount, store: string): Generator<Event> {
  let id = 0;
  const layer = function* (parentId: number | null): Generator<Event> {
    id += 1;
    const parent = parentId === null ? '' : nameOf(parentId);
    const labels = { [refLabel]: digest(id) };
    const key = `default/${id}/extract-${id} ${digest(id)}`;
    yield { type: 'SnapshotPrepared', data: { id, key, kind: 'active', parent, parentId, labels } };
    yield { type: 'SnapshotCommitted', data: { id, key, name: nameOf(id), parent, parentId, labels, flushed: true } };
    yield { type: 'UsageMeasured', data: { id, bytes: 4096, inodes: 1 } };
  };
  yield { type: 'StoreCreated', data: { store, driver: 'overlay', version: '0' } };
  for (let over = livingIds({ snapshots, events }).first - 1; over > 0; over--) {
    yield* layer(null);
    const labels = { [refLabel]: digest(id) };
    const bare = { kind: 'committed', parent: '', parentId: null, labels } as const;
    const gone = { ...bare, created: 1n, updated: 1n, retained: false };
    yield { type: 'SnapshotRemoved', data: { id, key: nameOf(id), ...gone } };
    yield { type: 'VolumePurged', data: { id, why: 'removed', bytes: 0 } };
  }
  for (let living = 0; living < snapshots; living++) {
    const place = living % (layersInImage + 1);
    const parentId = place === 0 ? null : id;
    if (place < layersInImage) yield* layer(parentId);
    else {
      id += 1;
      const labels = { 'containerd.io/gc.root': '2026-01-01T00:00:00Z' };
      const key = `default/${id}/${digest(-id).slice(7)}`;
      yield {
        type: 'SnapshotPrepared',
        data: { id, key, kind: 'active', parent: nameOf(id - 1), parentId: id - 1, labels },
      };
    }
  }
}

/** Ids of the living snapshots of a filled root: they are its last ones. */
export function livingIds({ snapshots, events }: Amount): { readonly first: number; readonly last: number } {
  const over = Math.max(0, Math.round((events - 2.8 * snapshots) / 5));
  return { first: over + 1, last: over + snapshots };
}

/** Makes a root that holds so much: through the log's own adapter, and the directories that the log asks for. */
export async function fillRoot(root: string, amount: Amount, store = usualStore): Promise<void> {
  mkdirSync(root, { recursive: true });
  const { log } = await openFileEventLog({ directory: join(root, 'log'), store, preallocate: () => {} });
  let batch: Event[] = [];
  let time = 1_700_000_000_000_000_000n;
  const append = async () => {
    time += 1_000_000_000n;
    const stamped = stampEvents(batch, {
      store,
      after: log.end.position,
      clock: () => time,
      actor: { actor: 'containerd' },
    });
    batch = [];
    await log.append(stamped, { reserve: true, flush: 'now' });
  };
  for (const event of history(amount, store)) if (batch.push(event) === 2000) await append();
  await append();
  await log.close();
  const { first, last } = livingIds(amount);
  for (let id = first; id <= last && amount.volumes !== false; id++) {
    mkdirSync(join(root, `snapshots/${id}/fs`), { recursive: true, mode: 0o755 });
    if ((id - first) % (layersInImage + 1) === layersInImage) mkdirSync(join(root, `snapshots/${id}/work`));
  }
  await writeIdentity(root, { store, driver: 'overlay' });
}
