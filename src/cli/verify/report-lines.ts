import { plain } from '../output/plain.ts';
import { createTable } from '../output/table.ts';
import type { Row } from './row.ts';
import { type StepReport, verdictOf } from './step-report.ts';

/** How many findings of a step are shown to a person; `--json` has all of them. */
const shown = 20;

const verdicts = { 0: 'all in order', 1: 'not in order', 3: 'damaged' } as const;

export function reportLines(reports: readonly StepReport[]): readonly string[] {
  const width = Math.max(...reports.map(({ step }) => step.length));
  return [...reports.flatMap((report) => stepLines(report, width)), `verify: ${verdicts[verdictOf(reports)]}`];
}

function stepLines({ step, figures, findings, notes }: StepReport, width: number): readonly string[] {
  const counted = Object.entries(figures).map(([name, figure]) => `${name} ${figure}`);
  const verdict = findings.length === 0 ? 'ok' : `${findings.length} ${findings.length === 1 ? 'finding' : 'findings'}`;
  const rest = findings.length - shown;
  return [
    `${step.padEnd(width)}  ${verdict.padEnd(11)}  ${counted.join(', ')}`,
    ...notes.map((note) => `  note: ${note}`),
    ...findings.slice(0, shown).flatMap(({ what, todo }) => [`  ${what}`, `    -> ${todo}`]),
    ...(rest > 0 ? [`  and ${rest} more: --json shows all`] : []),
  ];
}

/** Every snapshot and directory with what it is and why. */
export function rowLines(rows: readonly Row[]): readonly string[] {
  const table = createTable([{ title: 'IS' }, { title: 'ID', align: 'right' }, { title: 'ABOUT' }, { title: 'WHY' }]);
  return table.lines(
    rows.map(({ row, about, id, is, why, odd }) => [
      `${odd ? '!' : ' '} ${is}${row === 'directory' ? ' directory' : ''}`,
      id === null ? '' : String(id),
      plain(about),
      plain(why),
    ]),
  );
}
