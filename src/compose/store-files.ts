import { join } from 'node:path';
import type { CheckpointStore } from '../ports/checkpoint-store.ts';
import type { ReadableLog } from '../ports/readable-log.ts';
import type { LogFigures } from '../ports/store-files.ts';

/** A store's log and checkpoints, to be looked at beside a daemon at work. Each adapter is loaded when it is asked for. */
export const storeFiles = (root: string) => ({
  openLog: (known?: ReadableLog) => openLog(root, known),
  measureLog: () => measure(root),
  openCheckpoints: () => openCheckpoints(root),
});

/** The cluster that keeps the log of a root, as the root remembers it; undefined where the log is kept in files. */
export async function clusterOf(root: string): Promise<{ readonly url: string; readonly store: string } | undefined> {
  const { readIdentity } = await import('../adapters/system/root/root-directory.ts');
  const identity = readIdentity(root);
  return identity?.log === undefined ? undefined : { url: identity.log, store: identity.store };
}

async function openLog(root: string, known?: ReadableLog): Promise<ReadableLog> {
  const cluster = await clusterOf(root);
  if (cluster !== undefined) {
    const { readKurrentStream } = await import('../adapters/event-log/kurrentdb/open-kurrent-event-log.ts');
    return { ...(await readKurrentStream({ ...cluster, retry: brief })), store: cluster.store };
  }
  const { readLogDirectory } = await import('../adapters/event-log/file/read/read-log-directory.ts');
  return readLogDirectory(join(root, 'log'), join(root, 'index'), known);
}

/** A person waits for the answer, or for the reason why there is none. */
const brief = { answer: 4_000, outcome: 0 };

/** What a cluster keeps takes no room here. */
async function measure(root: string): Promise<LogFigures> {
  if ((await clusterOf(root)) !== undefined) return { segments: 0, archived: 0, bytes: 0, archivedBytes: 0 };
  const { measureLog } = await import('../adapters/event-log/file/log-files.ts');
  return measureLog(join(root, 'log'));
}

async function openCheckpoints(root: string): Promise<CheckpointStore> {
  const { createFileCheckpointStore } = await import('../adapters/checkpoint-store/file-checkpoint-store.ts');
  return createFileCheckpointStore({ directory: join(root, 'checkpoints'), bases: join(root, 'log') });
}
