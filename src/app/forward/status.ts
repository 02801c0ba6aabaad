/** How the forwarding stands. */
export interface ForwardStatus {
  /**
   * `connecting`: asks the target what it holds; `forwarding`: at work, or nothing to do; `retrying`: something failed, and it
   * begins again by itself; `stopped`: it can't go on until an operator has done something, and looks again from time to time.
   */
  readonly state: 'connecting' | 'forwarding' | 'retrying' | 'stopped';
  /** of the last event that the target is known to hold */
  readonly position: number;
  /** how often something failed since the start */
  readonly failures: number;
  /** what is wrong now, and what to do about it; empty for nothing */
  readonly error: string;
  readonly hint: string;
}

export const notYet: ForwardStatus = { state: 'connecting', position: 0, failures: 0, error: '', hint: '' };

/** What is told to whoever asks about the forwarding. */
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
