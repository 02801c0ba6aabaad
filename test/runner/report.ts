import type { TestFile } from './discover.ts';
import type { Verdict } from './verdict.ts';

/** One line for a file: what became of it, which suite, how many tests, how long. */
export function line(file: TestFile, verdict: Verdict, seconds: number, note: string): string {
  const mark = verdict.failed > 0 ? 'FAIL' : 'ok  ';
  return `${mark} ${file.suite.name.padEnd(12)} ${file.source}: ${counts(verdict)} in ${seconds.toFixed(1)} s${note}`;
}

/** The line that the whole run closes with. */
export function summary(verdicts: readonly Verdict[]): string {
  const sum = (figure: (verdict: Verdict) => number) => verdicts.reduce((all, verdict) => all + figure(verdict), 0);
  return counts({
    passed: sum((verdict) => verdict.passed),
    failed: sum((verdict) => verdict.failed),
    skipped: sum((verdict) => verdict.skipped),
  });
}

function counts({ passed, failed, skipped }: Omit<Verdict, 'problems'>): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}
