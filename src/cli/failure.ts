import { Ambiguous, ambiguousRow } from '../app/audit/find-snapshot.ts';
import { errorText, Fault, type FaultCode } from '../ports/fault.ts';

/** Exit statuses: 0 done, 1 failed or found something, 2 misuse, 3 corrupt, 4 busy. */
const statuses: Readonly<Partial<Record<FaultCode, number>>> = { misuse: 2, corrupt: 3, busy: 4 };

/** The exit status for anything thrown. */
export function exitStatus(error: unknown): number {
  return error instanceof Fault ? (statuses[error.code] ?? 1) : 1;
}

/** An error on standard error: two lines, or for machines one object where it lists what a name could mean. */
export function errorLines(error: unknown, json: boolean): readonly string[] {
  return json && error instanceof Ambiguous ? [JSON.stringify(ambiguousRow(error))] : failureLines(error);
}

/** What a person is told: what failed and why, then what to do about it. A defect of ours shows its stack. */
export function failureLines(error: unknown): readonly string[] {
  if (!(error instanceof Fault)) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return [
      `snapledger: unexpected: ${text}`,
      'hint: this is a defect of snapledger; please report it with these lines',
    ];
  }
  const cause = error.cause === undefined ? '' : errorText(error.cause);
  const told = cause === '' || error.message.includes(cause);
  return [`snapledger: ${error.message}${told ? '' : `: ${cause}`}`, `hint: ${error.hint}`];
}
