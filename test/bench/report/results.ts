import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Row } from '../rows/row.ts';
import { chart } from './chart.ts';
import { withTables } from './document.ts';
import { table } from './table.ts';

const figures = 'results.json';

/** The rows in a folder, of one run or of several; none if there are no files. */
export function readResults(folder: string): readonly Row[] {
  const path = join(folder, figures);
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as { rows: readonly Row[] }).rows : [];
}

/** Rows with those of a newer run in the place of their older ones, in the order of the workloads. */
export function withNewer(rows: readonly Row[], newer: readonly Row[], order: readonly string[]): readonly Row[] {
  const byId = new Map([...rows, ...newer].map((row) => [row.id, row]));
  const place = ({ workload }: Row) => order.indexOf(workload);
  return [...byId.values()].sort((a, b) => place(a) - place(b) || a.id.localeCompare(b.id, 'en', { numeric: true }));
}

/** Writes the figures, a table of all, the chart, and the tables of a document. */
export function writeResults(folder: string, rows: readonly Row[], document?: string): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, figures), `${JSON.stringify({ rows }, null, 2)}\n`);
  writeFileSync(join(folder, 'table.md'), table(rows));
  writeFileSync(join(folder, 'chart.svg'), chart(rows));
  if (document !== undefined) writeFileSync(document, withTables(readFileSync(document, 'utf8'), rows));
}
