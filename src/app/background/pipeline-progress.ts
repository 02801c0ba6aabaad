import { errorText } from '../../ports/fault.ts';

/** How far a pipeline is. */
export class Progress {
  /** of the last event whose work is done */
  position: number;
  /** how often in a row the work after the position has failed */
  failures = 0;
  lastError: string | undefined;

  constructor(after: number) {
    this.position = after;
  }

  /** The work up to a position is done, or given up. */
  pass(position: number): void {
    this.position = position;
    this.failures = 0;
    this.lastError = undefined;
  }

  fail(error: unknown): void {
    this.failures += 1;
    this.lastError = errorText(error);
  }
}
