/** The state of the forwarding. */
export interface ForwardStatus {
  /**
   * `connecting`: asks the target what it holds; `forwarding`: at work, or nothing to do; `retrying`: something failed and is
   * retried; `stopped`: an operator has to do something, and it retries from time to time.
   */
  readonly state: 'connecting' | 'forwarding' | 'retrying' | 'stopped';
  /** of the last event that the target is known to hold */
  readonly position: number;
  /** since the start */
  readonly failures: number;
  /** what is wrong now, and what to do about it; empty if nothing is */
  readonly error: string;
  readonly hint: string;
}

export const notYet: ForwardStatus = { state: 'connecting', position: 0, failures: 0, error: '', hint: '' };

/** The answer to a query about the forwarding. */
export type ForwardReport =
  | { readonly state: 'off' }
  | (ForwardStatus & {
      /** position of the log's newest durable event */
      readonly durable: number;
      /** events that the target does not hold yet */
      readonly lag: number;
    });

export function forwardReport(status: ForwardStatus | undefined, durable: number): ForwardReport {
  if (status === undefined) return { state: 'off' };
  return { ...status, durable, lag: Math.max(0, durable - status.position) };
}
