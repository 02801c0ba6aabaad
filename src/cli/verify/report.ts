import type { Altered } from '../../ports/layers.ts';
import { createTable } from '../output/table.ts';
import { plain } from '../output/text.ts';

/** Something that is not as it should be, and what the operator does about it. */
export interface Finding {
  readonly what: string;
  readonly todo: string;
  /** the id of the snapshot whose layer it is about */
  readonly snapshot?: number;
  /** entries of a layer that differ from its manifest */
  readonly entries?: readonly Altered[];
}

/** What one step of verify checked and found. */
export interface StepReport {
  readonly step: 'chain' | 'anchors' | 'projections' | 'parents' | 'volumes' | 'orphans' | 'layers';
  readonly figures: Readonly<Record<string, number>>;
  readonly findings: readonly Finding[];
  /** in order, but worth knowing */
  readonly notes: readonly string[];
  /** the findings mean that acknowledged facts are damaged */
  readonly corrupt: boolean;
}

/** 0 all in order, 1 findings, 3 damage. */
export function verdictOf(reports: readonly StepReport[]): 0 | 1 | 3 {
  if (reports.some(({ corrupt }) => corrupt)) return 3;
  return reports.some(({ findings }) => findings.length > 0) ? 1 : 0;
}

/** What one snapshot of the log, or one directory of the disk, is, and why. */
export interface Row {
  readonly row: 'snapshot' | 'directory';
  /** a key or name, or a path relative to the root */
  readonly about: string;
  readonly id: number | null;
  /** a directory is what its snapshot is; `quarantined` is what was moved aside, `unknown` what nothing explains */
  readonly is:
    | 'active'
    | 'view'
    | 'committed'
    | 'retained'
    | 'pending purge'
    | 'made ahead'
    | 'quarantined'
    | 'unknown';
  readonly why: string;
  /** one of the findings is about it */
  readonly odd: boolean;
}

/** How many findings of a step are shown to a person; `--json` has all of them. */
const shown = 20;

const verdicts = { 0: 'all in order', 1: 'not in order', 3: 'damaged' } as const;

export function reportLines(reports: readonly StepReport[]): readonly string[] {
  const width = Math.max(...reports.map(({ step }) => step.length));
  return [...reports.flatMap((report) => stepLines(report, width)), `verify: ${verdicts[verdictOf(reports)]}`];
}

function stepLines({ step, figures, findings, notes }: StepReport, width: number): readonly string[] {
  const counted = Object.entries(figures).map(([name, figure]) => `${labelOf(name)} ${figure}`);
  const verdict = findings.length === 0 ? 'ok' : `${findings.length} ${findings.length === 1 ? 'finding' : 'findings'}`;
  const rest = findings.length - shown;
  return [
    `${step.padEnd(width)}  ${verdict.padEnd(11)}  ${counted.join(', ')}`,
    ...notes.map((note) => `  note: ${note}`),
    ...findings.slice(0, shown).flatMap(({ what, todo }) => [`  ${what}`, `    -> ${todo}`]),
    ...(rest > 0 ? [`  and ${rest} more: --json shows all`] : []),
  ];
}

/** The name of a figure as words: `pendingPurge` is `pending purge`. */
const labelOf = (name: string) => name.replace(/[A-Z_]/g, (letter) => ` ${letter === '_' ? '' : letter.toLowerCase()}`);

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
