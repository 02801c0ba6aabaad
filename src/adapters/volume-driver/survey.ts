import { faultOf } from '../../ports/fault.ts';
import type { Found, Survey } from '../../ports/volume-driver.ts';
import { mapInSlices } from './map-in-slices.ts';
import type { ScanJob } from './scan-job.ts';
import { type Entry, type Scanning, scanSnapshots } from './scan-snapshots.ts';

/** A scan of `ROOT/snapshots` as a driver tells of it; rejects with Faults. */
export function surveyOf(job: ScanJob, foundAt: (entry: Entry) => Found): Survey {
  const { numbers, entries, abandon } = begun(job);
  const failed = (error: unknown) => {
    throw faultOf(error, 'scan of snapshots/');
  };
  const found = entries.then((all) => mapInSlices(all, foundAt)).catch(failed);
  // Who asked for the numbers alone never looks at these.
  found.catch(() => {});
  return { numbers: numbers.catch(failed), found, abandon };
}

function begun(job: ScanJob): Scanning {
  try {
    return scanSnapshots(job);
  } catch (error) {
    const refused = Promise.reject(error);
    refused.catch(() => {});
    return { numbers: refused, entries: refused, abandon: () => {} };
  }
}
