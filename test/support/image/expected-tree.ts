import { createHash } from 'node:crypto';
import { defaultTime, type Entry, modeOf } from './entries.ts';

/** A file tree as one line of text per path, for comparison. */
export type Tree = ReadonlyMap<string, string>;

/** The fields of a line; the paths of one file name each other. */
export interface Inode {
  readonly type: Entry['type'];
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** content, target or device number */
  readonly detail: string;
  /** security.capability in hex, empty for none */
  readonly capability: string;
}

export function lineOf(inode: Inode, names: readonly string[]): string {
  const also = names.length > 1 ? ` one file as ${[...names].sort().join(' and ')}` : '';
  const { type, mode, uid, gid, detail, capability } = inode;
  return `${type} ${mode.toString(8)} ${uid}:${gid} ${detail} ${capability}${also}`;
}

export const contentDetail = (content: Buffer, seconds: number): string =>
  `${content.length} bytes ${createHash('sha256').update(content).digest('hex').slice(0, 16)} at ${seconds}`;

/** The sum of layers, lowest first. */
export function expectedTree(layers: readonly (readonly Entry[])[]): Tree {
  const inodes = new Map<string, Inode>();
  for (const layer of layers) applyLayer(inodes, layer);
  const names = new Map<Inode, string[]>();
  for (const [path, inode] of inodes) names.set(inode, [...(names.get(inode) ?? []), path]);
  return new Map([...inodes].map(([path, inode]) => [path, lineOf(inode, names.get(inode) ?? [])]));
}

function applyLayer(inodes: Map<string, Inode>, layer: readonly Entry[]): void {
  const own = new Set(layer.map((entry) => entry.path));
  for (const entry of layer) {
    const [, folder = '', name = ''] = /^(.*?)([^/]*)$/.exec(entry.path) ?? [];
    if (name === '.wh..wh..opq') removeBelow(inodes, folder, own);
    else if (name.startsWith('.wh.')) removeBelow(inodes, folder + name.slice('.wh.'.length), new Set());
    else {
      if (entry.type !== 'directory' || inodes.get(entry.path)?.type !== 'directory')
        removeBelow(inodes, entry.path, new Set());
      inodes.set(entry.path, inodeOf(inodes, entry));
    }
  }
}

/** Removes a path and all below it; for a path that ends in a slash, only what is below. */
function removeBelow(inodes: Map<string, Inode>, path: string, except: ReadonlySet<string>): void {
  for (const each of [...inodes.keys()])
    if (!except.has(each) && (each === path || each.startsWith(path.endsWith('/') ? path : `${path}/`)))
      inodes.delete(each);
}

function inodeOf(inodes: ReadonlyMap<string, Inode>, entry: Entry): Inode {
  if (entry.type === 'link') {
    const target = inodes.get(entry.target);
    if (target === undefined) throw new TypeError(`${entry.path} links to ${entry.target}, which is not there`);
    return target;
  }
  return {
    type: entry.type,
    mode: modeOf(entry),
    uid: entry.uid ?? 0,
    gid: entry.gid ?? 0,
    detail: detailOf(entry),
    capability: entry.xattrs?.['security.capability']?.toString('hex') ?? '',
  };
}

function detailOf(entry: Entry): string {
  if (entry.type === 'file') return contentDetail(Buffer.from(entry.content), entry.time ?? defaultTime);
  if (entry.type === 'symlink') return entry.target;
  return entry.type === 'device' ? `${entry.major}:${entry.minor}` : '';
}
