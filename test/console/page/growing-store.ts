import { join } from 'node:path';
import type { Event } from '../../../events/registry.ts';
import { openFileEventLog } from '../../../src/adapters/event-log/file/file-event-log.ts';
import { wallClock } from '../../../src/app/audit/moment.ts';
import { stampEvents } from '../../../src/app/store/journal.ts';
import { livingIds } from '../../support/fill-root.ts';

/** What a root is filled with that grows while a page looks at it. */
export const growing = { snapshots: 1000, events: 20_000, volumes: false } as const;
const { last } = livingIds(growing);
const store = '0b7c1e9e-3a55-4c8e-9d0a-6a1f6a3f1c11';
const actor = { actor: 'containerd' };

/** New active snapshots in the log of a root, as a daemon would write them. Resolves with the position of the last one. */
export async function addSnapshots(root: string, name: string, count: number): Promise<number> {
  const { log } = await openFileEventLog({ directory: join(root, 'log'), store, preallocate: () => {} });
  // Ids are not used twice.
  const first = Math.max(last, log.end.position) + 1;
  const events = Array.from({ length: count }, (_, at): Event => {
    const id = first + at;
    const data = { id, key: `default/${id}/${name}-${at}`, kind: 'active', parent: '', parentId: null, labels: {} };
    return { type: 'SnapshotPrepared', data } as Event;
  });
  const batch = 500;
  for (let at = 0; at < count; at += batch) {
    const after = log.end.position;
    const stamped = stampEvents(events.slice(at, at + batch), { store, after, clock: wallClock, actor });
    await log.append(stamped, { reserve: true, flush: 'now' });
  }
  const { position } = log.end;
  await log.close();
  return position;
}
