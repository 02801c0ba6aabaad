import type { Row } from '../rows/row.ts';
import { comparisons, figures, origins } from './table.ts';

const marked = /^<!-- rows: (.*) -->\n[\s\S]*?^<!-- end of rows -->$/gm;

/**
 * A document in Markdown with its tables made anew. A table stands between `<!-- rows: WORKLOAD... -->` and
 * `<!-- end of rows -->`; the word `runs` stands for the list of what was measured when and on which machine.
 */
export function withTables(document: string, rows: readonly Row[]): string {
  return document.replace(marked, (_, words: string) => {
    const names = words.split(' ');
    const chosen = rows.filter(({ workload }) => names.includes(workload));
    const lines = words === 'runs' ? origins(rows) : tablesOf(chosen);
    return [`<!-- rows: ${words} -->`, '', ...lines, '', '<!-- end of rows -->'].join('\n');
  });
}

const tablesOf = (rows: readonly Row[]) =>
  rows.some(({ theirs }) => theirs !== undefined) ? comparisons(rows) : figures(rows);
