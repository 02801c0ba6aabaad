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
  const survey = {
    numbers: numbers.catch(failed),
    found: entries.then((all) => mapInSlices(all, foundAt)).catch(failed),
    abandon,
  };
  // Who needs only one of them never looks at the other.
  for (const promise of [survey.numbers, survey.found]) promise.catch(() => {});
  return survey;
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
