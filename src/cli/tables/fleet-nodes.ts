import type { LagRow, NodeRow } from '../../app/fleet/questions/rows.ts';
import { createTable } from '../output/table.ts';
import { durationOf, plain, sizeText } from '../output/text.ts';
import { left, right, storeText, timeText } from './fleet-text.ts';
import type { TableOptions } from './tables.ts';

const stateText = ({ state, unknown }: Pick<NodeRow, 'state' | 'unknown'>) =>
  unknown > 0 ? `${state}, ${unknown} unknown events` : state;

/** Why stores are stopped, and what to do. */
const faultLines = (rows: readonly Pick<NodeRow, 'node' | 'store' | 'fault' | 'hint'>[]) =>
  rows.flatMap(({ node, store, fault, hint }) =>
    fault === ''
      ? []
      : [`${plain(node)} (${plain(store)}): ${plain(fault)}`, ...(hint === '' ? [] : [`  hint: ${plain(hint)}`])],
  );

export function nodeLines(rows: readonly NodeRow[], options: TableOptions): readonly string[] {
  if (rows.length === 0) return ['no node is indexed yet'];
  const table = createTable([
    ...[left('NODE'), left('STORE'), left('DRIVER'), left('KERNEL'), right('SNAPSHOTS'), right('BYTES')],
    ...[left('LAST SEEN'), left('STATE')],
  ]);
  return [
    ...table.lines(
      rows.map((row) => [
        ...[plain(row.node) || '-', storeText(row.store, options.whole), plain(row.driver), plain(row.kernel) || '-'],
        ...[String(row.snapshots), sizeText(row.bytes), timeText(row.lastSeen, options)],
        `${stateText(row)}${row.twice ? ', name used twice' : ''}`,
      ]),
    ),
    ...faultLines(rows),
  ];
}

/** A duration, negative if clocks differ. */
const lagText = (lag: bigint | null) => (lag === null ? '-' : lag < 0n ? `-${durationOf(-lag)}` : durationOf(lag));

export function lagLines(
  { rows, written }: { readonly rows: readonly LagRow[]; readonly written: bigint | null },
  options: TableOptions,
): readonly string[] {
  const table = createTable([
    ...[left('NODE'), left('STORE'), right('POSITION'), left('NEWEST EVENT'), right('FORWARDING'), right('INDEXING')],
    left('STATE'),
  ]);
  return [
    ...table.lines(
      rows.map((row) => [
        ...[plain(row.node) || '-', storeText(row.store, options.whole), String(row.position), timeText(row.event, {})],
        ...[lagText(row.forwarding), lagText(row.indexing)],
        stateText(row),
      ]),
    ),
    ...faultLines(rows),
    written === null ? 'the index has not recorded its position yet' : `the index was written ${timeText(written, {})}`,
  ];
}
