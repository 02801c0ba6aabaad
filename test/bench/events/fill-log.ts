import { join } from 'node:path';
import type { Event } from '../../../events/registry.ts';
import { openFileEventLog } from '../../../src/adapters/event-log/file/file-event-log.ts';
import { writeIdentity } from '../../../src/adapters/system/root/root-directory.ts';
import { stampEvents } from '../../../src/app/store/journal.ts';

const store = '0b7c1e9e-3a55-4c8e-9d0a-6a1f6a3f1c11';

/** Fills an empty root with so many events of lives that are over, for a daemon with the memory driver. */
export async function fillLog(root: string, events: number): Promise<void> {
  const { log } = await openFileEventLog({ directory: join(root, 'log'), store, preallocate: () => {} });
  let batch: Event[] = [];
  let time = BigInt(Date.now()) * 1_000_000n;
  const clock = () => {
    time += 1000n;
    return time;
  };
  for (const event of history(events)) {
    batch.push(event);
    if (batch.length < 3000 && log.end.position + batch.length < events) continue;
    const actor = { actor: 'containerd', namespace: 'default' };
    await log.append(stampEvents(batch, { store, after: log.end.position, clock, actor }), {
      reserve: true,
      flush: 'now',
    });
    batch = [];
  }
  await log.close();
  await writeIdentity(root, { store, driver: 'memory' });
}

function* history(events: number): Generator<Event> {
  yield { type: 'StoreCreated', data: { store, driver: 'memory', version: '0' } };
  for (let id = 1, made = 1; made < events; id++, made += 3) {
    const key = `default/${id}/extract-${id} sha256:${String(id).padStart(64, '0')}`;
    const labels = { 'containerd.io/snapshot.ref': `sha256:${String(id).padStart(64, '0')}` };
    const what = { id, key, kind: 'active', parent: '', parentId: null, labels } as const;
    yield { type: 'SnapshotPrepared', data: what };
    yield { type: 'SnapshotRemoved', data: { ...what, created: 1n, updated: 1n, retained: false } };
    yield { type: 'VolumePurged', data: { id, why: 'removed', bytes: 0 } };
  }
}
