import { isAllowedInCi } from './allowed-skips.ts';

/** How a test file's process ended. */
export interface Ending {
  readonly output: string;
  readonly exitCode: number | null;
  readonly signal: string | null;
  /** why the runner killed it, if it did: it took too long, or continued after its last test */
  readonly killed: 'limit' | 'lingering' | null;
  /** processes of its group were still there when it had ended */
  readonly leftProcesses: boolean;
}

export interface Verdict {
  readonly passed: number;
  /** failed tests, plus one for every problem */
  readonly failed: number;
  readonly skipped: number;
  /** problems of the file as a whole */
  readonly problems: readonly string[];
}

/** Judges one file. With `strict` (CI) a test may only be skipped for what cannot be installed (`isAllowedInCi`). */
export function judge(ending: Ending, options: { readonly strict: boolean }): Verdict {
  const blocks = totalsIn(ending.output);
  const [totals = { total: 0, passed: 0, skipped: 0 }] = blocks;
  const announced = announcementsIn(ending.output);
  const failedTests = totals.total - totals.passed;
  const problems = [...endingProblems(ending, failedTests > 0)];
  if (blocks.length === 0) problems.push('printed no totals: crashed, or no suite was run');
  if (blocks.length > 1) problems.push('ran its suites in several goes: a suite is defined after an await');
  if (blocks.length === 1 && totals.total + totals.skipped === 0) problems.push('has no tests');
  if (announced.length < totals.skipped)
    problems.push(`skipped ${totals.skipped} tests and announced ${announced.length} (SKIP <name>: <reason>)`);
  if (options.strict)
    for (const { name, reason } of announced)
      if (!isAllowedInCi(`${name}: ${reason}`)) problems.push(`must not be skipped here: ${name}: ${reason}`);
  // uvu counts a test that announces its skip and returns early as passed.
  const returnedEarly = Math.max(0, announced.length - totals.skipped);
  return {
    passed: Math.max(0, totals.passed - returnedEarly),
    failed: failedTests + problems.length,
    skipped: Math.max(totals.skipped, announced.length),
    problems,
  };
}

function* endingProblems(ending: Ending, someFailed: boolean): Iterable<string> {
  if (ending.killed === 'limit') yield 'took too long and was killed';
  else if (ending.killed === 'lingering') yield 'kept running after its tests: it has left something open';
  else if (ending.signal !== null) yield `was ended by ${ending.signal}`;
  else if (ending.exitCode !== 0 && !someFailed) yield `exited with status ${ending.exitCode}`;
  if (ending.leftProcesses) yield 'left processes behind';
}

/** The totals that uvu prints at the end of a file. */
interface Totals {
  readonly total: number;
  readonly passed: number;
  readonly skipped: number;
}

/** A test that printed why it does not run, in a line `SKIP <name>: <reason>`. */
interface Announcement {
  readonly name: string;
  readonly reason: string;
}

const figures = /^ {2}Total: +(\d+)\n {2}Passed: +(\d+)\n {2}Skipped: +(\d+)$/gm;
const announcement = /(?:^|[•✘] |\) )SKIP (.+?): (.+)$/gm;

/** Every block of totals in a file's output; exactly one is expected. */
export function totalsIn(output: string): readonly Totals[] {
  return [...output.matchAll(figures)].map(([, total, passed, skipped]) => ({
    total: Number(total),
    passed: Number(passed),
    skipped: Number(skipped),
  }));
}

/** What a file's output says was skipped, and why, each line once. */
export const skipsIn = (output: string): readonly string[] => [
  ...new Set(announcementsIn(output).map(({ name, reason }) => `SKIP ${name}: ${reason}`)),
];

function announcementsIn(output: string): readonly Announcement[] {
  return [...output.matchAll(announcement)].map(([, name = '', reason = '']) => ({ name, reason }));
}
