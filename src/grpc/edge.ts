import type { Snapshots } from '../app/store/snapshots.ts';
import type { Logger } from '../ports/logger.ts';
import type { CallWatch } from './call-watch.ts';

/** What the calls work with. */
export interface Edge {
  readonly snapshots: Snapshots;
  readonly logger: Logger;
  readonly calls: CallWatch;
}
