import { join } from 'node:path';
import { Fault } from '../../../ports/fault.ts';
import type { LayerEntry, LayerFiles } from '../../../ports/layer-files.ts';
import { stepsLeft, type Walked, walk } from '../shared/walk-layer.ts';

/** How a command ended. */
type Run = (file: string, args: readonly string[]) => Promise<{ readonly status: number; readonly output: string }>;

/**
 * Overlay's layers: only what is new, a character device 0/0 for what is removed, directories marked as opaque where what is
 * below does not show through, and, from mounts with `redirect_dir` or `metacopy`, directories that show what is below under
 * another path and files without their data. Sources: the kernel's overlayfs documentation. `run` runs getfattr.
 */
export function createOverlayLayerFiles(root: string, run: Run): LayerFiles {
  return {
    whole: false,
    look: async ({ id }, path) => {
      const walked = walk(join(root, 'snapshots', String(id), 'fs'), path);
      const marks = await Promise.all(walked.met.map(({ place, stats }) => marksOf(run, place, stats)));
      return {
        entry: entryOf(walked, marks, path),
        left: stepsLeft(walked, path),
        below: pathBelow(path, marks),
      };
    },
  };
}

/** What overlay notes of an entry in its extended attributes. */
interface Marks {
  readonly opaque: boolean;
  /** another name in the same directory, or a path from the root of the layers below */
  readonly redirect: string | undefined;
  readonly metacopy: boolean;
}

function entryOf({ entry, met }: Walked, marks: readonly Marks[], path: readonly string[]): LayerEntry {
  const within = (depth: number) => path.slice(0, depth).join('/');
  const last = met.at(-1);
  if (last?.stats.isCharacterDevice() && last.stats.rdev === 0n)
    return { is: 'hidden', by: 'whiteout', at: within(last.depth) };
  const opaque = marks.findIndex((mark) => mark.opaque);
  if (entry.is === 'silent' && opaque !== -1)
    return { is: 'hidden', by: 'opaque directory', at: within(met[opaque]?.depth ?? 0) };
  return entry.is === 'there' ? { ...entry, metadata: marks.at(-1)?.metacopy === true } : entry;
}

function pathBelow(path: readonly string[], marks: readonly Marks[]): readonly string[] {
  let below: string[] = [];
  for (const [at, name] of path.entries()) {
    const redirect = marks[at]?.redirect ?? name;
    if (redirect.startsWith('/')) below = redirect.split('/').filter((step) => step !== '');
    else below.push(redirect);
  }
  return below;
}

const pattern = String.raw`^(trusted|user)\.overlay\.(opaque|redirect|metacopy)$`;
const line = /^(?:trusted|user)\.overlay\.(opaque|redirect|metacopy)(?:=0x([0-9a-f]*))?$/gm;

/** `opaque` is `y` where nothing shows through; `x` says something else, since Linux 6.8. */
async function marksOf(run: Run, place: string, stats: Walked['met'][number]['stats']): Promise<Marks> {
  if (!stats.isDirectory() && !stats.isFile()) return { opaque: false, redirect: undefined, metacopy: false };
  const args = ['-h', '--absolute-names', '-e', 'hex', '-m', pattern, '-d', place];
  const { status, output } = await run('getfattr', args);
  if (status !== 0) throw new Fault('io', `${place}: its extended attributes can't be read`, { hint: 'run as root' });
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
