import type { Ballast } from '../../../../ports/ballast.ts';
import type { Failpoint } from '../../../../ports/failpoints.ts';
import type { RoomOptions } from '../write/preallocation.ts';

/** What writing a log needs to know, nothing left open. */
export interface WritingOptions extends RoomOptions {
  readonly directory: string;
  readonly segmentBytes: number;
  /** given up for reserved events that find no room otherwise */
  readonly ballast: Ballast | undefined;
  readonly failpoint: Failpoint;
  readonly onFlush: (records: number, bytes: number, seconds: number) => void;
  /** Told in words of what the log can live with. */
  readonly warn: (message: string) => void;
}
