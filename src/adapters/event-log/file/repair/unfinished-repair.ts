import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { isErrno } from '../../../../ports/errno.ts';
import type { Damage } from '../format/damage.ts';

/** What the directory that keeps damaged originals is called until the repair is done. */
export const unfinishedSuffix = '.unfinished';

const pattern = /^damaged-[0-9.-]+\.unfinished$/;

/** Path of what a repair that was interrupted has kept aside so far, or undefined for none. */
export function unfinishedRepair(directory: string): string | undefined {
  const name = namesIn(directory).find((candidate) => pattern.test(candidate));
  return name === undefined ? undefined : join(directory, name);
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return [];
    throw error;
  }
}

/** A log between its damage and its repair is neither: nothing may be read of it or appended. */
export function unfinishedDamage(directory: string): Damage {
  const file = unfinishedRepair(directory) ?? directory;
  return { file, offset: 0, position: 0, what: 'a repair was interrupted: run it again', broken: false };
}
