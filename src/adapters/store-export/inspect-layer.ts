import { type BigIntStats, lstatSync, readdirSync, readFileSync } from 'node:fs';
import { type Packed, refuseTooLong } from '../../ports/volume-carrier.ts';

/** What tar does not carry by itself; paths relative to the layer, with a byte in each character. */
export interface Inspected {
  /** a socket is nothing without the process that made it */
  readonly sockets: readonly string[];
  /** further names of fifos and devices, each with the name that came first */
  readonly links: readonly (readonly [path: string, first: string])[];
}

/** Looks at every entry that is to be packed. Throws a Fault (`unsupported`) for a path that no import could make. Sync. */
export function inspectLayer(entries: readonly Packed[]): Inspected {
  const sockets: string[] = [];
  const links: [string, string][] = [];
  for (const { directory, list } of entries) {
    const top = bytesOf(directory);
    const seen = new Map<string, string>();
    for (const [path, stats] of list === undefined ? entriesBelow(top) : entriesListed(top, list)) {
      if (stats.isSocket()) sockets.push(path);
      else if (stats.nlink > 1n && (stats.isFIFO() || stats.isCharacterDevice() || stats.isBlockDevice())) {
        const inode = `${stats.dev} ${stats.ino}`;
        const first = seen.get(inode);
        if (first === undefined) seen.set(inode, path);
        else links.push([path, first]);
      }
    }
  }
  return { sockets: sockets.sort(), links };
}

type Entry = readonly [path: string, stats: BigIntStats];

/** tar goes another way round: a link must come after both names, and so at the end of all. */
function* entriesBelow(top: string): Generator<Entry> {
  const left = [''];
  for (let within = left.pop(); within !== undefined; within = left.pop())
    for (const name of readdirSync(raw(`${top}/${within}`), 'latin1')) {
      const path = `${within}${name}`;
      refuseTooLong(top, path);
      const stats = statsOf(`${top}/${path}`);
      yield [path, stats];
      if (stats.isDirectory()) left.push(`${path}/`);
    }
}

function* entriesListed(top: string, list: string): Generator<Entry> {
  for (const path of readFileSync(list, 'latin1').split('\0'))
    if (path.startsWith('./')) yield [path.slice('./'.length), statsOf(`${top}/${path}`)];
}

const bytesOf = (path: string) => Buffer.from(path).toString('latin1');
const raw = (path: string) => Buffer.from(path, 'latin1');
const statsOf = (path: string) => lstatSync(raw(path), { bigint: true });
