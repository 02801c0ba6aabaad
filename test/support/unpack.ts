import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  lchownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { nativeCalls } from '../../src/adapters/system/native-calls.ts';
import type { Mount } from '../../src/ports/volume-driver.ts';
import { defaultTime, type Entry, modeOf } from './image/entries.ts';

const { files } = nativeCalls();
const charDevice = 0o020000;

/** Runs an action in a directory that shows these mounts, as containerd's `WithTempMount` does. */
export function withMount<T>([mount]: readonly Mount[], action: (path: string) => T): T {
  if (mount === undefined) throw new Error('no mount');
  const { type, source, options } = mount;
  if (type === 'bind') return action(source);
  const place = mkdtempSync(join(tmpdir(), 'snapledger-unpack-'));
  execFileSync('mount', ['-t', type, '-o', options.join(','), source, place]);
  try {
    return action(place);
  } finally {
    execFileSync('umount', [place]);
    rmdirSync(place);
  }
}

/**
 * Unpacks a layer as containerd's applier does: straight into the upper directory of an overlay mount, with whiteouts in overlay's form;
 * on any other mount, whiteouts delete what is there. Source: core/diff/apply/apply_linux.go and pkg/archive/tar.go
 */
export function unpackLayer(mounts: readonly Mount[], entries: readonly Entry[]): void {
  const [mount] = mounts;
  const upper = mount?.type === 'overlay' ? mount.options.find((option) => option.startsWith('upperdir=')) : undefined;
  if (upper !== undefined && mounts.length === 1) apply(upper.slice('upperdir='.length), entries, overlayWhiteout);
  else withMount(mounts, (root) => apply(root, entries, deletion));
}

/** Returns whether an entry was a whiteout. */
type ConvertWhiteout = (entry: Entry, path: string, unpacked: ReadonlySet<string>) => boolean;

const nameOf = (path: string) => path.slice(path.lastIndexOf('/') + 1);
const hides = '.wh..wh..opq';
const prefix = '.wh.';

const overlayWhiteout: ConvertWhiteout = (entry, path) => {
  const name = nameOf(path);
  if (name === hides) files.setXattr(Buffer.from(dirname(path)), 'trusted.overlay.opaque', Buffer.from('y'));
  else if (name.startsWith(prefix)) {
    const hidden = join(dirname(path), name.slice(prefix.length));
    files.makeNode(Buffer.from(hidden), charDevice, 0n);
    lchownSync(hidden, entry.uid ?? 0, entry.gid ?? 0);
  } else return false;
  return true;
};

const deletion: ConvertWhiteout = (_, path, unpacked) => {
  const name = nameOf(path);
  if (name === hides) removeOthers(dirname(path), unpacked);
  else if (name.startsWith(prefix))
    rmSync(join(dirname(path), name.slice(prefix.length)), { recursive: true, force: true });
  else return false;
  return true;
};

function removeOthers(directory: string, unpacked: ReadonlySet<string>): void {
  for (const name of readdirSync(directory)) {
    const path = join(directory, name);
    if (!unpacked.has(path)) rmSync(path, { recursive: true, force: true });
    else if (lstatSync(path).isDirectory()) removeOthers(path, unpacked);
  }
}

function apply(root: string, entries: readonly Entry[], convert: ConvertWhiteout): void {
  const unpacked = new Set<string>();
  for (const entry of entries) {
    const path = join(root, entry.path);
    mkdirSync(dirname(path), { recursive: true });
    if (convert(entry, path, unpacked)) continue;
    const old = lstatSync(path, { throwIfNoEntry: false });
    if (old !== undefined && !(old.isDirectory() && entry.type === 'directory')) rmSync(path, { recursive: true });
    create(root, path, entry);
    unpacked.add(path);
  }
  for (const entry of entries) if (entry.type === 'directory') setTime(join(root, entry.path), entry);
}

function create(root: string, path: string, entry: Entry): void {
  switch (entry.type) {
    case 'directory':
      mkdirSync(path, { recursive: true });
      break;
    case 'file':
      writeFileSync(path, entry.content);
      break;
    case 'symlink':
      symlinkSync(entry.target, path);
      break;
    case 'link':
      linkSync(join(root, entry.target), path);
      return;
    case 'fifo':
      execFileSync('mkfifo', [path]);
      break;
    case 'device':
      execFileSync('mknod', [path, 'c', String(entry.major), String(entry.minor)]);
  }
  lchownSync(path, entry.uid ?? 0, entry.gid ?? 0);
  for (const [name, value] of Object.entries(entry.xattrs ?? {})) files.setXattr(Buffer.from(path), name, value);
  if (entry.type !== 'symlink') chmodSync(path, modeOf(entry));
  setTime(path, entry);
}

/** With nanoseconds, as pax headers have them. */
function setTime(path: string, { time = defaultTime }: Entry): void {
  const nanoseconds = BigInt(time) * 1_000_000_000n + 123_456_789n;
  files.setTimes(Buffer.from(path), nanoseconds, nanoseconds);
}

/** Node's own recursion follows symbolic links. */
function* pathsBelow(root: string, within: string): Generator<string> {
  for (const entry of readdirSync(join(root, within), { withFileTypes: true })) {
    const path = join(within, entry.name);
    yield path;
    if (entry.isDirectory()) yield* pathsBelow(root, path);
  }
}

/** Every entry below a directory, one line each, with all that a layer carries. Overlay's own attributes are included. */
export function treeLines(root: string): readonly string[] {
  const paths = [...pathsBelow(root, '')].sort();
  const names = new Map<bigint, string>();
  return paths.map((path) => {
    const absolute = join(root, path);
    const stats = lstatSync(absolute, { bigint: true, throwIfNoEntry: false });
    // The kernel lists a whiteout in a directory that no lower layer has.
    if (stats === undefined) return `${path} listed only`;
    const { mode, uid, gid, ino, mtimeNs, rdev } = stats;
    const xattrs = files
      .xattrs(Buffer.from(absolute))
      .map((name) => `${name}=${files.xattr(Buffer.from(absolute), name).toString('hex')}`);
    const first = stats.isDirectory() ? path : (names.get(ino) ?? path);
    names.set(ino, first);
    const content = stats.isFile() ? readFileSync(absolute, 'latin1') : '';
    const target = stats.isSymbolicLink() ? readlinkSync(absolute) : '';
    const device = stats.isCharacterDevice() ? rdev : '';
    return [path, mode.toString(8), `${uid}:${gid}`, mtimeNs, device, first, target, xattrs.sort(), content].join(' ');
  });
}
