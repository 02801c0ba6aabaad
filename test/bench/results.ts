import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chart } from './chart.ts';
import type { Row } from './row.ts';
import { table } from './table.ts';

/** What the newest runs found, one row for each measurement. */
export interface Results {
  readonly machine: string;
  readonly command: string;
  readonly rows: readonly Row[];
}

const figures = 'results.json';

/** The results in a folder; none if there are no files. */
export function readResults(folder: string): readonly Row[] {
  const path = join(folder, figures);
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Results).rows : [];
}

/** Rows with those of a newer run in the place of their older ones, in the order of the workloads. */
export function withNewer(rows: readonly Row[], newer: readonly Row[], order: readonly string[]): readonly Row[] {
  const byId = new Map([...rows, ...newer].map((row) => [row.id, row]));
  const place = ({ workload }: Row) => order.indexOf(workload);
  return [...byId.values()].sort((a, b) => place(a) - place(b) || a.id.localeCompare(b.id, 'en', { numeric: true }));
}

/** Writes the figures, a table to read, and the chart. */
export function writeResults(folder: string, results: Results): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, figures), `${JSON.stringify(results, null, 2)}\n`);
  writeFileSync(join(folder, 'table.md'), table(results));
  writeFileSync(join(folder, 'chart.svg'), chart(results));
}
