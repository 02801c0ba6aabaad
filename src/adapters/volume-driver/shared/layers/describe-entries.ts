import { createHash } from 'node:crypto';
import { type BigIntStats, closeSync, constants, lstatSync, openSync, readlinkSync, readSync } from 'node:fs';
import { bytesOf, rawPath } from '../paths.ts';
import { type Attributes, type AttributeTools, attributesBelow } from './attributes.ts';

/** The properties of an entry in a manifest, besides its path. Empty if the entry has none. */
export const properties = [
  'type',
  'mode',
  'owner',
  'size',
  'mtime',
  'target',
  'extended attributes',
  'content',
] as const;

/** The properties of an entry, in their order, as text with a byte in each character. */
export type Description = readonly string[];

/** The description of an entry that a layer removes from its parent. */
export const removal: Description = ['removed', ...properties.slice(1).map(() => '')];

/** Describes entries of a tree. Reads every file, and each with several names once. */
interface Describer {
  /** undefined if nothing is there */
  describe(path: string): Description | undefined;
}

/** Set by overlay and by security modules, and may change without a write. */
const ignored = /^(security\.selinux|trusted\.overlay\.(origin|impure|nlink|upper|uuid))$/;

/** Reads the extended attributes of the whole tree first. Rejects with a Fault. */
export async function createDescriber(run: AttributeTools['run'], directory: string): Promise<Describer> {
  const top = bytesOf(directory);
  const attributes = await attributesBelow({ run, scratch: '' }, directory, '-');
  const contents = new Map<string, string>();
  const buffer = Buffer.allocUnsafeSlow(1 << 20);
  const contentOf = (absolute: string, { nlink, ino }: BigIntStats): string => {
    if (nlink === 1n) return digestOf(absolute, buffer);
    const known = contents.get(String(ino)) ?? digestOf(absolute, buffer);
    contents.set(String(ino), known);
    return known;
  };
  return {
    describe: (path) => {
      const absolute = path === '' ? top : `${top}/${path}`;
      const stats = lstatSync(rawPath(absolute), { bigint: true, throwIfNoEntry: false });
      if (stats === undefined) return undefined;
      const { mode, uid, gid, size, mtimeNs } = stats;
      return [
        typeOf(stats),
        (mode & 0o7777n).toString(8),
        `${uid}:${gid}`,
        // A directory's size depends on the file system.
        stats.isDirectory() ? '' : String(size),
        String(mtimeNs),
        targetOf(absolute, stats),
        attributesText(attributes, absolute),
        stats.isFile() ? contentOf(absolute, stats) : '',
      ];
    },
  };
}

/** The type of an entry, in words. */
export function typeOf(stats: BigIntStats): string {
  if (stats.isFile()) return 'file';
  if (stats.isDirectory()) return 'directory';
  if (stats.isSymbolicLink()) return 'symbolic link';
  if (stats.isFIFO()) return 'fifo';
  if (stats.isSocket()) return 'socket';
  return stats.isBlockDevice() ? 'block device' : 'character device';
}

function targetOf(absolute: string, stats: BigIntStats): string {
  if (stats.isSymbolicLink()) return readlinkSync(rawPath(absolute), 'latin1');
  return stats.isBlockDevice() || stats.isCharacterDevice() ? String(stats.rdev) : '';
}

/** A digest, since values may be long. */
function attributesText(attributes: Attributes, absolute: string): string {
  const own = [...(attributes.get(absolute) ?? [])].filter(([name]) => !ignored.test(name)).sort();
  if (own.length === 0) return '';
  return createHash('sha256').update(JSON.stringify(own)).digest('base64url');
}

function digestOf(absolute: string, buffer: Buffer): string {
  const fd = openSync(rawPath(absolute), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NOATIME);
  try {
    const digest = createHash('sha256');
    for (let read = readSync(fd, buffer); read > 0; read = readSync(fd, buffer))
      digest.update(buffer.subarray(0, read));
    return digest.digest('base64url');
  } finally {
    closeSync(fd);
  }
}
