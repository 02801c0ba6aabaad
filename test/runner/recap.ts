/** A file, or a step of the run, that failed. */
export interface Failure {
  readonly name: string;
  /** `29 passed, 1 failed` */
  readonly counts: string;
  readonly output: string;
  readonly problems: readonly string[];
}

const maxLines = 40;
const maxColumns = 400;
const maxFiles = 20;

/**
 * The failures once more, for the end of a run, so that a log whose middle was cut still has them: of each file the part from
 * its first failed test on, at most 40 lines of at most 400 characters. Of more than 20 files only the names are listed.
 */
export function recap(failures: readonly Failure[]): readonly string[] {
  if (failures.length === 0) return [];
  return ['', 'failures:', ...failures.flatMap((failure, index) => linesOf(failure, index < maxFiles))];
}

function linesOf({ name, counts, output, problems }: Failure, withText: boolean): readonly string[] {
  const text = withText ? bounded(failedPart(output)).map((line) => `    | ${line.slice(0, maxColumns)}`) : [];
  return [`FAIL ${name}: ${counts}`, ...text, ...problems.map((problem) => `    ${problem.slice(0, maxColumns)}`)];
}

/** The output from the first failed test on; without one, all of it. uvu's dots and totals are left out, and blank lines. */
function failedPart(output: string): readonly string[] {
  const lines = output.split('\n');
  const first = lines.findIndex((line) => /^ {3}FAIL {2}/.test(line));
  return lines.slice(Math.max(first, 0)).filter((line) => line.trim() !== '' && !progress.test(line));
}

const progress = /[•✘] {3}\(\d+ \/ \d+\)|^ {2}(?:Total|Passed|Skipped|Duration): /;

/** The beginning and the end of too many lines. */
function bounded(lines: readonly string[]): readonly string[] {
  if (lines.length <= maxLines) return lines;
  const [begin, end] = [maxLines - 11, 10];
  return [...lines.slice(0, begin), `[${lines.length - begin - end} lines left out]`, ...lines.slice(-end)];
}
