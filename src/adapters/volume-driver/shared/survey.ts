import { faultOf } from '../../../ports/fault.ts';
import type { Found, StagedScan } from '../../../ports/volume-driver.ts';
import { mapInSlices } from './map-in-slices.ts';
import type { ScanJob } from './scan-job.ts';
import { type Entry, type Scanning, scanSnapshots } from './scan-snapshots.ts';

/** A scan of `ROOT/snapshots` as a driver tells of it; rejects with Faults. */
export function surveyOf(job: ScanJob, foundAt: (entry: Entry) => Found): StagedScan {
  const { numbers, entries, abandon } = begun(job);
  const failed = (error: unknown) => {
    throw faultOf(error, 'scan of snapshots/');
  };
  const numbered = numbers.catch(failed);
  let found: Promise<readonly Found[]> | undefined;
  const look = () => {
    const looked = entries()
      .then((all) => mapInSlices(all, foundAt))
      .catch(failed);
    looked.catch(() => {});
    return looked;
  };
  // Who needs only one of them never looks at the other.
  numbered.catch(() => {});
  return {
    ids: numbered,
    found: () => {
      found ??= look();
      return found;
    },
    abandon,
  };
}

function begun(job: ScanJob): Scanning {
  try {
    return scanSnapshots(job);
  } catch (error) {
    const refused = Promise.reject(error);
    refused.catch(() => {});
    return { numbers: refused, entries: () => refused, abandon: () => {} };
  }
}
