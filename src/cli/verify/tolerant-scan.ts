import { isErrno } from '../../ports/errno.ts';
import { Fault } from '../../ports/fault.ts';
import type { VolumeScan } from '../cli-deps.ts';
import type { Finding } from './step-report.ts';

/** A scan to which a missing `snapshots/` is an empty one, and which remembers that it was missing. */
export function tolerantScan(volumes: VolumeScan): { readonly scan: VolumeScan; missing(): readonly Finding[] } {
  let missing = false;
  const scan = async () => {
    try {
      return await volumes.scan();
    } catch (error) {
      if (!isMissing(error)) throw error;
      missing = true;
      return [];
    }
  };
  // The adapter's own object may carry its deeds on a prototype, so it is not spread.
  const { boot } = volumes;
  const occupies: VolumeScan['occupies'] = (volume) => volumes.occupies(volume);
  const isPristine: VolumeScan['isPristine'] = (found) => volumes.isPristine(found);
  return { scan: { boot, occupies, isPristine, scan }, missing: () => (missing ? [gone] : []) };
}

const gone: Finding = {
  what: 'snapshots/: the directory is missing, and every volume with it',
  todo: 'mount it, or bring it back from a backup, before the next start: that makes an empty one and declares all lost',
};

function isMissing(error: unknown): boolean {
  const cause = error instanceof Fault ? error.cause : error;
  return isErrno(cause, 'ENOENT');
}
