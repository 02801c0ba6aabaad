import { Fault } from '../../../ports/fault.ts';
import type { Found } from '../../../ports/volume-driver.ts';

/** The path for a text with one byte in each character: names may be any bytes. */
export const rawPath = (text: string): Buffer => Buffer.from(text, 'latin1');

/** The text with one byte in each character for a path of ours. */
export const bytesOf = (path: string): string => Buffer.from(path).toString('latin1');

/** A list for commands that read names ended by NULs. */
export const nameList = (names: Iterable<string>): Buffer => rawPath([...names].map((name) => `${name}\0`).join(''));

/** The snapshot's id that a directory's name is, or null if it is none: ids are plain decimal numbers up to 2^53-1. */
export function idOfName(name: string): number | null {
  const id = /^(0|[1-9][0-9]*)$/.test(name) ? Number(name) : null;
  return Number.isSafeInteger(id) ? id : null;
}

/** The absolute path of what a scan found: always an entry directly below `ROOT/snapshots` or `ROOT/pool`. */
export function foundPath(root: string, { path }: Pick<Found, 'path'>): string {
  const [folder, name, ...deeper] = path.split('/');
  if (
    (folder !== 'snapshots' && folder !== 'pool') ||
    name === undefined ||
    ['', '.', '..'].includes(name) ||
    deeper.length > 0
  )
    throw new Fault('misuse', `${path}: is not an entry of snapshots/ or pool/`, { hint: 'take it from a scan' });
  return `${root}/${path}`;
}
