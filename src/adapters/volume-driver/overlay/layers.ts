import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Fault } from '../../../ports/fault.ts';
import type { LayerEntry, LayerFiles, VolumeCarrier } from '../../../ports/layers.ts';
import type { Volume } from '../../../ports/volume-driver.ts';
import { isDirectory } from '../shared/directories.ts';
import { expectContent } from '../shared/faults.ts';
import type { FindTree } from '../shared/layers/manifest.ts';
import { ownEntries } from '../shared/layers/own-entries.ts';
import { stepsLeft, type WalkResult, walk } from '../shared/layers/walk-layer.ts';
import { bytesOf, rawPath } from '../shared/paths.ts';

/** Runs a command. */
type Run = (file: string, args: readonly string[]) => Promise<{ readonly status: number; readonly output: string }>;

/**
 * Overlay's layers hold only what is new: a character device 0/0 for what is removed, opaque directories that hide what is
 * below them and, from mounts with `redirect_dir` or `metacopy`, directories that show what is below under another path and
 * files without their data. Source: the kernel's overlayfs documentation. `run` runs getfattr.
 */
export function createOverlayLayerFiles(root: string, run: Run): LayerFiles {
  return {
    complete: false,
    inspect: async ({ id }, path) => {
      const walked = walk(join(root, 'snapshots', String(id), 'fs'), path);
      const xattrs = await Promise.all(
        walked.existing.map(({ absolute, stats }) => overlayXattrs(run, absolute, stats)),
      );
      return {
        entry: entryOf(walked, xattrs, path),
        left: stepsLeft(walked, path),
        below: pathBelow(path, xattrs),
      };
    },
    own: (layer, limit) => ownEntries(ownTreeOverlay(root), layer, limit),
  };
}

/** Overlay's data about an entry, from its extended attributes. */
interface OverlayXattrs {
  readonly opaque: boolean;
  /** another name in the same directory, or a path from the root of the layers below */
  readonly redirect: string | undefined;
  readonly metacopy: boolean;
}

function entryOf(
  { entry, existing }: WalkResult,
  xattrs: readonly OverlayXattrs[],
  path: readonly string[],
): LayerEntry {
  const within = (depth: number) => path.slice(0, depth).join('/');
  const last = existing.at(-1);
  if (last?.stats.isCharacterDevice() && last.stats.rdev === 0n)
    return { is: 'whiteout', by: 'whiteout', at: within(last.depth) };
  const opaque = xattrs.findIndex((each) => each.opaque);
  if (entry.is === 'absent' && opaque !== -1)
    return { is: 'whiteout', by: 'opaque directory', at: within(existing[opaque]?.depth ?? 0) };
  return entry.is === 'present' ? { ...entry, metadata: xattrs.at(-1)?.metacopy === true } : entry;
}

function pathBelow(path: readonly string[], xattrs: readonly OverlayXattrs[]): readonly string[] {
  let below: string[] = [];
  for (const [at, name] of path.entries()) {
    const redirect = xattrs[at]?.redirect ?? name;
    if (redirect.startsWith('/')) below = redirect.split('/').filter((step) => step !== '');
    else below.push(redirect);
  }
  return below;
}

const pattern = String.raw`^(trusted|user)\.overlay\.(opaque|redirect|metacopy)$`;
const line = /^(?:trusted|user)\.overlay\.(opaque|redirect|metacopy)(?:=0x([0-9a-f]*))?$/gm;

/** `opaque` is `y` if nothing shows through; `x` means something else, since Linux 6.8. */
async function overlayXattrs(
  run: Run,
  absolute: string,
  stats: WalkResult['existing'][number]['stats'],
): Promise<OverlayXattrs> {
  if (!stats.isDirectory() && !stats.isFile()) return { opaque: false, redirect: undefined, metacopy: false };
  const args = ['-h', '--absolute-names', '-e', 'hex', '-m', pattern, '-d', absolute];
  const { status, output } = await run('getfattr', args);
  if (status !== 0)
    throw new Fault('io', `${absolute}: its extended attributes can't be read`, { hint: 'run as root' });
  const found = new Map([...output.matchAll(line)].map(([, name, hex = '']) => [name, hex]));
  const text = (name: string) => {
    const hex = found.get(name);
    return hex === undefined ? undefined : Buffer.from(hex, 'hex').toString();
  };
  return {
    opaque: stats.isDirectory() && text('opaque') === 'y',
    redirect: stats.isDirectory() ? text('redirect') : undefined,
    metacopy: stats.isFile() && found.has('metacopy'),
  };
}

/** Everything in an overlay layer's directory is its own. */
export const ownTreeOverlay =
  (root: string): FindTree =>
  ({ id }) => {
    const top = `${root}/snapshots/${id}/fs`;
    return { top, paths: [...pathsBelow(bytesOf(top))], removed: [] };
  };

function* pathsBelow(top: string): Generator<string> {
  const left = [''];
  for (let path = left.pop(); path !== undefined; path = left.pop()) {
    yield path;
    if (!lstatSync(rawPath(`${top}/${path}`)).isDirectory()) continue;
    const names = readdirSync(rawPath(`${top}/${path}`), 'latin1');
    for (const name of names) left.push(path === '' ? name : `${path}/${name}`);
  }
}

/** Carries layers in overlay's own format. */
export function createOverlayCarrier(root: string): VolumeCarrier {
  const content = (volume: Volume) => {
    const directory = `${root}/snapshots/${volume.id}/fs`;
    expectContent(volume, directory, isDirectory);
    return directory;
  };
  return {
    pack: async (volume, work) => work([{ directory: content(volume) }]),
    fill: async (volume, unpack) => unpack(content(volume)),
  };
}
