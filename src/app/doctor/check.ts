import type { DoctorFacts, Failure, Observed, Unavailable } from '../../ports/machine-facts.ts';

/** Something that is wrong, and how to fix it. */
export interface Finding {
  readonly level: 'warning' | 'error';
  readonly text: string;
  readonly fix: string;
}

/** What a check inspected and found; `unavailable` says why it could not. */
export type Result = { readonly inspected: string; readonly findings: readonly Finding[] } | Unavailable;

/** One check. All of them are in `checks.ts`. */
export interface Check {
  readonly name: string;
  /** what it inspects, for the documentation */
  readonly about: string;
  run(facts: DoctorFacts): Result;
}

export type Status = 'ok' | 'warning' | 'error' | 'not checked';

/** The outcome of one check, as `--json` shows it. */
export interface Outcome {
  readonly check: string;
  readonly status: Status;
  /** what it inspected at, or why it could not */
  readonly inspected: string;
  readonly findings: readonly Finding[];
}

/** Runs the checks in order. */
export function runChecks(checks: readonly Check[], facts: DoctorFacts): readonly Outcome[] {
  return checks.map(({ name, run }) => {
    const result = run(facts);
    if (isUnavailable(result))
      return { check: name, status: 'not checked', inspected: result.unavailable, findings: [] };
    return { check: name, status: worst(result.findings), ...result };
  });
}

/** The worst level of the findings. */
export function worst(findings: readonly Finding[]): 'ok' | 'warning' | 'error' {
  if (findings.some(({ level }) => level === 'error')) return 'error';
  return findings.length > 0 ? 'warning' : 'ok';
}

export const isUnavailable = (value: unknown): value is Unavailable =>
  typeof value === 'object' && value !== null && 'unavailable' in value;

/** The result for a fact, or why the fact is not known. */
export const withFact = <T>(fact: Observed<T>, result: (fact: T) => Result): Result =>
  isUnavailable(fact) ? fact : result(fact);

export const error = (text: string, fix: string): Finding => ({ level: 'error', text, fix });
export const warning = (text: string, fix: string): Finding => ({ level: 'warning', text, fix });

/** The findings whose condition holds. */
export const found = (...candidates: readonly (Finding | false | undefined)[]): readonly Finding[] =>
  candidates.filter((candidate): candidate is Finding => typeof candidate === 'object');

/** A failure as an error. */
export const failureFound = (failure: Failure | undefined): Finding | undefined =>
  failure && error(failure.text, failure.hint);

/** Whether a setting of a unit is off: no boolean that is true, and no other value. */
export const isOff = (value: string): boolean => ['', 'no', 'false', '0', 'off'].includes(value.toLowerCase());
