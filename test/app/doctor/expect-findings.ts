import type { Test } from 'uvu';
import * as assert from 'uvu/assert';
import { runChecks } from '../../../src/app/doctor/check.ts';
import { checks } from '../../../src/app/doctor/checks.ts';
import type { DoctorFacts } from '../../../src/ports/machine-facts.ts';

export type Row = readonly [
  title: string,
  facts: DoctorFacts,
  check: string,
  status: 'warning' | 'error',
  text: string,
];

/** The outcome of one check on a machine. */
export const outcomeOf = (facts: DoctorFacts, name: string) =>
  runChecks(checks, facts).find(({ check }) => check === name);

/** A test for each row: what is wrong with the machine is a finding of the check, with a way to fix it. */
export function expectFindings(test: Test, rows: readonly Row[]): void {
  for (const [title, facts, check, status, text] of rows)
    test(`${title}: is a finding with a way to fix it`, () => {
      const outcome = outcomeOf(facts, check);
      const finding = outcome?.findings.find((one) => one.text.includes(text));
      assert.ok(finding, `${JSON.stringify(outcome)} lacks: ${text}`);
      assert.is(finding.level, status);
      assert.ok(finding.fix.length > 0);
    });
}
