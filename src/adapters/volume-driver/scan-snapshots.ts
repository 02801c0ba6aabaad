import { readdirSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { isDirectory } from './exact-directory.ts';
import { idOfName } from './id-of-name.ts';

/** An entry below `snapshots/`, and the directories in it that a driver asked for. */
export interface Entry {
  /** relative to the root */
  readonly path: string;
  readonly id: number | null;
  readonly has: readonly boolean[];
}

const atOnce = 500;

/**
 * Everything that stands below `ROOT/snapshots`, and which of these parts each numbered directory has. Anything but a
 * directory named by a plain decimal number has no id. Lets others run every few milliseconds.
 */
export async function scanSnapshots(root: string, parts: readonly string[]): Promise<readonly Entry[]> {
  const entries: Entry[] = [];
  for (const entry of readdirSync(`${root}/snapshots`, { withFileTypes: true })) {
    const path = `snapshots/${entry.name}`;
    const id = entry.isDirectory() ? idOfName(entry.name) : null;
    entries.push({ path, id, has: parts.map((part) => id !== null && isDirectory(`${root}/${path}/${part}`)) });
    if (entries.length % atOnce === 0) await setImmediate();
  }
  return entries;
}
