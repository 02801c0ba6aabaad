/** The figures that uvu closes a file with. */
export interface Totals {
  readonly total: number;
  readonly passed: number;
  readonly skipped: number;
}

/** A test that said why it does not run, in a line `SKIP <name>: <reason>`. */
export interface Announcement {
  readonly name: string;
  readonly reason: string;
}

const figures = /^ {2}Total: +(\d+)\n {2}Passed: +(\d+)\n {2}Skipped: +(\d+)$/gm;
const announcement = /(?:^|[•✘] |\) )SKIP (.+?): (.+)$/gm;

/** Every closing block of figures in a file's output: one, if all went well. */
export function totalsIn(output: string): readonly Totals[] {
  return [...output.matchAll(figures)].map(([, total, passed, skipped]) => ({
    total: Number(total),
    passed: Number(passed),
    skipped: Number(skipped),
  }));
}

export function announcementsIn(output: string): readonly Announcement[] {
  return [...output.matchAll(announcement)].map(([, name = '', reason = '']) => ({ name, reason }));
}
