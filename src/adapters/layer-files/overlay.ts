import { join } from 'node:path';
import { Fault } from '../../ports/fault.ts';
import type { LayerEntry, LayerFiles } from '../../ports/layer-files.ts';
import { walk } from './walk.ts';

/** How a command ended. */
type Run = (file: string, args: readonly string[]) => Promise<{ readonly status: number; readonly output: string }>;

/**
 * Overlay's layers: only what is new, a character device 0/0 for what is removed, and directories marked as opaque where what
 * is below does not show through. Sources: the kernel's overlayfs documentation. `run` runs getfattr.
 */
export function createOverlayLayerFiles(root: string, run: Run): LayerFiles {
  return {
    whole: false,
    entryAt: async ({ id }, path) => {
      let opaque: string | undefined;
      const entry = await walk(join(root, 'snapshots', String(id), 'fs'), path, async (place, stats, within) => {
        if (stats.isCharacterDevice() && stats.rdev === 0n) return { is: 'hidden', by: 'whiteout', at: within };
        if (stats.isDirectory() && (await isOpaque(run, place))) opaque ??= within;
        return undefined;
      });
      return entry.is === 'silent' && opaque !== undefined ? hiddenBelow(opaque) : entry;
    },
  };
}

const hiddenBelow = (at: string): LayerEntry => ({ is: 'hidden', by: 'opaque directory', at });

/** `y` where nothing shows through; `x` says something else, since Linux 6.8. */
async function isOpaque(run: Run, place: string): Promise<boolean> {
  const { status, output } = await run('getfattr', [
    '-h',
    '--absolute-names',
    '-m',
    '^(trusted|user)\\.overlay\\.opaque$',
    '-d',
    place,
  ]);
  if (status !== 0) throw new Fault('io', `${place}: its extended attributes can't be read`, { hint: 'run as root' });
  return /\.overlay\.opaque="?y"?$/m.test(output);
}
