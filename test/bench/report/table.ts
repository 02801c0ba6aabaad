import type { Row } from '../rows/row.ts';
import { figure, intervalText, outcome, spreadText, times } from '../rows/text.ts';

/** Where rows come from, and all of them with all their figures, in Markdown. */
export function table(rows: readonly Row[]): string {
  return [
    ...origins(rows),
    '',
    ...tableOf(
      [
        'what',
        'snapledger',
        'against',
        'its figure',
        'times as fast',
        '95 %, pairs',
        'processor, ms',
        'to reach',
        'run',
      ],
      rows.map((row) => {
        const { workload, variant, unit, ours, theirs, ratio, interval } = row;
        const processor = [ours, theirs].flatMap((one) => (one?.processor === undefined ? [] : figure(one.processor)));
        return [
          `${workload}, ${variant}`,
          `${spreadText(ours.value, figure)} ${unit}`,
          theirs?.name ?? '',
          theirs === undefined ? '' : `${spreadText(theirs.value, figure)} ${unit}`,
          ratio === undefined ? '' : spreadText(ratio, times),
          interval === undefined ? '' : intervalText(interval),
          processor.join(' / '),
          outcome(row),
          runOf(row),
        ];
      }),
    ),
    '',
  ].join('\n');
}

/** Of rows that are compared: how many times as fast, and whether that is enough. */
export const comparisons = (rows: readonly Row[]): readonly string[] =>
  tableOf(
    ['what', 'against', 'times as fast', '95 %, pairs', 'to reach', 'run'],
    rows.flatMap((row) => {
      const { workload, variant, theirs, ratio, interval } = row;
      if (theirs === undefined || ratio === undefined) return [];
      const certain = interval === undefined ? '' : intervalText(interval);
      return [[`${workload}, ${variant}`, theirs.name, spreadText(ratio, times), certain, outcome(row), runOf(row)]];
    }),
  );

/** Of rows that are compared with nothing. */
export const figures = (rows: readonly Row[]): readonly string[] =>
  tableOf(
    ['what', 'figure', 'run'],
    rows.map((row) => [row.variant, `${spreadText(row.ours.value, figure)} ${row.unit}`, runOf(row)]),
  );

/** A line for each run that rows come from, the newest first. */
export function origins(rows: readonly Row[]): readonly string[] {
  const lines = rows.map((row) =>
    row.measured === undefined
      ? `- ${earlier}: an earlier state of the benchmark and of the program; to be measured again`
      : `- \`${row.measured.revision}\`, ${row.measured.date}: ${row.measured.machine}`,
  );
  const rank = (line: string) => /, (\d{4}-\d\d-\d\d):/.exec(line)?.[1] ?? '';
  return [...new Set(lines)].sort((a, b) => rank(b).localeCompare(rank(a)) || a.localeCompare(b));
}

const earlier = '_earlier_';

const runOf = ({ measured }: Row) => (measured === undefined ? earlier : `${measured.date} \`${measured.revision}\``);

const tableOf = (head: readonly string[], lines: readonly (readonly string[])[]): readonly string[] =>
  [head, head.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`);
