import type { ReadableLog } from '../../ports/readable-log.ts';
import type { StoreFiles } from '../../ports/store-files.ts';

/** How a log is not the one any more that was read before. */
export type Break =
  | { readonly kind: 'replaced'; readonly store: string }
  /** it ends at `first` - 1, or begins at `first` */
  | { readonly kind: 'gone'; readonly position: number; readonly first: number };

/**
 * Files whose log is compared with what was opened before: `onBreak` is called before the result if it is another log, or lost
 * events: what was derived from it is void. With `open` the log stays open, and each `openLog` reads only what was written since.
 */
export function keepLog(files: StoreFiles, onBreak: (change: Break) => void, open = true): StoreFiles {
  let known: ReadableLog | undefined;
  let opening: Promise<ReadableLog> | undefined;
  const openNext = async (): Promise<ReadableLog> => {
    const before = known;
    const log = await files.openLog(open ? before : undefined);
    const change = before && (await breakBetween(before, log).catch((error) => closed(log, error)));
    known = log;
    if (change !== undefined) onBreak(change);
    return open ? { ...log, close: async () => {} } : log;
  };
  if (!open) return { ...files, openLog: openNext };
  return {
    ...files,
    openLog: () => {
      opening ??= openNext().finally(() => {
        opening = undefined;
      });
      return opening;
    },
  };
}

/** Closes a log that could not be compared with the one before. */
async function closed(log: ReadableLog, error: unknown): Promise<never> {
  await log.close();
  throw error;
}

async function breakBetween(before: ReadableLog, now: ReadableLog): Promise<Break | undefined> {
  const { store } = now;
  if (store !== undefined && store !== before.store) return { kind: 'replaced', store };
  const { position, chainHash } = before.end;
  if (now.end.position < position) return { kind: 'gone', position, first: now.end.position + 1 };
  const begins = (now.gone?.upTo ?? 0) + 1;
  if (begins > (before.gone?.upTo ?? 0) + 1) return { kind: 'gone', position: begins - 1, first: begins };
  const hash = now.end.position === position ? now.end.chainHash : await now.chainHashAt(position);
  return hash === chainHash ? undefined : { kind: 'gone', position, first: position };
}
