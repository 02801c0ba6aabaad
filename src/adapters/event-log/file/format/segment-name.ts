import { readdirSync } from 'node:fs';
import { isErrno } from '../../../../ports/errno.ts';

const pattern = /^([0-9]{20})\.log$/;

/** A segment's file name: the position of its first event in 20 digits, so that names sort as positions do. */
export function segmentName(first: number): string {
  return `${String(first).padStart(20, '0')}.log`;
}

/** The first position that a file name tells, or undefined for a file that is no segment. */
export function firstOf(name: string): number | undefined {
  const digits = pattern.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** The names of a log's segments, archived ones among them, oldest first; none where there is no directory. */
export function segmentNames(directory: string): readonly string[] {
  try {
    const names = readdirSync(directory).map((name) => name.replace(/\.gz$/, ''));
    return [...new Set(names)].filter((name) => pattern.test(name)).sort();
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return [];
    throw error;
  }
}
