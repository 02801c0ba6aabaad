import { readFileSync, statfsSync } from 'node:fs';
import { blockDeviceOf } from '../../system/files/block-device.ts';

/** Source: linux/magic.h */
const ext4 = 0xef53;
const xfs = 0x58465342;

/**
 * Whether a path's file system has one journal, so that a flushed log has all that was made, removed and changed before it on
 * stable storage too: names, owners and modes, but not what was written into files. So it is on xfs, and on ext4 unless that
 * was made without a journal; of any other, and where it can't be known, no.
 */
export function hasOrderedMetadata(path: string): boolean {
  const { type } = statfsSync(path);
  return type === xfs || (type === ext4 && hasJournal(blockDeviceOf(path)));
}

/** The kernel lists how data is kept beside the journal only where there is one. Source: fs/ext4/super.c, _ext4_show_options */
function hasJournal(device: string | undefined): boolean {
  try {
    return device !== undefined && /^data=/m.test(readFileSync(`/proc/fs/ext4/${device}/options`, 'utf8'));
  } catch {
    return false;
  }
}
