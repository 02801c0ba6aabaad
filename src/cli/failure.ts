import { Ambiguous, ambiguousRow } from '../app/audit/find-snapshot.ts';
import { errorText, Fault, type FaultCode } from '../ports/fault.ts';

/** Exit statuses: 0 done, 1 failed or found something, 2 misuse, 3 corrupt, 4 busy. */
const statuses: Readonly<Partial<Record<FaultCode, number>>> = { misuse: 2, corrupt: 3, busy: 4 };

/** The exit status for anything thrown. */
export function exitStatus(error: unknown): number {
  return error instanceof Fault ? (statuses[error.code] ?? 1) : 1;
}

/** An error for standard error: two lines, or with `--json` one object for an ambiguous name. */
export function errorLines(error: unknown, json: boolean): readonly string[] {
  return json && error instanceof Ambiguous ? [JSON.stringify(ambiguousRow(error))] : failureLines(error);
}

/** What failed and why, then what to do about it. A defect shows its stack. */
function failureLines(error: unknown): readonly string[] {
  if (!(error instanceof Fault)) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return [
      `snapledger: unexpected: ${text}`,
      'hint: this is a defect of snapledger; please report it with these lines',
    ];
  }
  const cause = error.cause === undefined ? '' : errorText(error.cause);
  const included = cause === '' || error.message.includes(cause);
  return [`snapledger: ${error.message}${included ? '' : `: ${cause}`}`, `hint: ${error.hint}`];
}
