import type { DoctorFacts, Seen, Trouble, Unseen } from '../../ports/machine-facts.ts';

/** Something that is wrong, and how to mend it. */
export interface Finding {
  readonly level: 'warning' | 'error';
  readonly text: string;
  readonly mend: string;
}

/** What a check looked at and found; `unseen` says why it could not look. */
export type Result = { readonly looked: string; readonly findings: readonly Finding[] } | Unseen;

/** One check. All of them are in `checks.ts`. */
export interface Check {
  readonly name: string;
  /** what it looks at, for the documentation */
  readonly about: string;
  run(facts: DoctorFacts): Result;
}

export type Status = 'ok' | 'warning' | 'error' | 'not checked';

/** The outcome of one check, as `--json` shows it. */
export interface Outcome {
  readonly check: string;
  readonly status: Status;
  /** what it looked at, or why it could not */
  readonly looked: string;
  readonly findings: readonly Finding[];
}

/** Runs the checks in order. */
export function examine(checks: readonly Check[], facts: DoctorFacts): readonly Outcome[] {
  return checks.map(({ name, run }) => {
    const result = run(facts);
    if (isUnseen(result)) return { check: name, status: 'not checked', looked: result.unseen, findings: [] };
    return { check: name, status: worst(result.findings), ...result };
  });
}

/** The worst level of the findings. */
export function worst(findings: readonly Finding[]): 'ok' | 'warning' | 'error' {
  if (findings.some(({ level }) => level === 'error')) return 'error';
  return findings.length > 0 ? 'warning' : 'ok';
}

export const isUnseen = (value: unknown): value is Unseen =>
  typeof value === 'object' && value !== null && 'unseen' in value;

/** The result for a fact, or that it could not be seen. */
export const seen = <T>(fact: Seen<T>, result: (fact: T) => Result): Result => (isUnseen(fact) ? fact : result(fact));

export const error = (text: string, mend: string): Finding => ({ level: 'error', text, mend });
export const warning = (text: string, mend: string): Finding => ({ level: 'warning', text, mend });

/** The findings whose condition holds. */
export const found = (...candidates: readonly (Finding | false | undefined)[]): readonly Finding[] =>
  candidates.filter((candidate): candidate is Finding => typeof candidate === 'object');

/** A failure as an error. */
export const troubleFound = (trouble: Trouble | undefined): Finding | undefined =>
  trouble && error(trouble.text, trouble.hint);

/** Whether a setting of a unit is off: no boolean that is true, and no other value. */
export const isOff = (value: string): boolean => ['', 'no', 'false', '0', 'off'].includes(value.toLowerCase());
