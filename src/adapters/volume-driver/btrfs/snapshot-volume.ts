import { Fault } from '../../../ports/fault.ts';
import type { Volume } from '../../../ports/volume-driver.ts';
import { ensureDirectory } from '../shared/directories.ts';
import { guarded } from '../shared/faults.ts';
import { mayBeRebased } from '../shared/rebase.ts';
import type { BtrfsCalls } from './ioctl/btrfs-calls.ts';
import { createLayout, names } from './layout.ts';

/**
 * Makes an active's or a committed volume, of which nothing exists, of a subvolume on the same file system: a snapshot of it, writable for an
 * active. No data is copied. Resolves when it is on stable storage. Rejects with a Fault, `unsupported` for an active with subvolumes
 * in it, whose content a snapshot lacks.
 */
export function snapshotVolume(
  root: string,
  calls: Pick<BtrfsCalls, 'snapshot' | 'nested'>,
  volume: Volume,
  source: string,
): Promise<void> {
  return guarded(`snapshot of ${source}`, async () => {
    const layout = createLayout(root);
    const directory = layout.directory(volume.id);
    const isCommitted = volume.kind === 'committed';
    const [nested] = isCommitted ? [] : await calls.nested(source);
    if (nested !== undefined)
      throw new Fault('unsupported', `${source}: has the subvolume ${nested} in it`, {
        hint: 'delete it (btrfs subvolume delete), or remove its container',
      });
    ensureDirectory(directory, 0o700);
    if (mayBeRebased(volume)) ensureDirectory(`${directory}/${names.work}`, 0o711);
    await calls.snapshot(source, directory, isCommitted ? names.layer : names.fs, { readOnly: isCommitted });
  });
}
