import type { Stat } from '../../app/audit/find-snapshot.ts';
import type { RetainedRow, SnapshotRow, TreeRow } from '../../app/audit/list-snapshots.ts';
import { wallClock } from '../../app/audit/moment.ts';
import type { Mounts } from '../../app/audit/mounts.ts';
import type { Count, Stats } from '../../app/audit/stats.ts';
import { createTable, fieldLines } from '../output/table.ts';
import { ageOf, brief, dateOf, durationOf, nodeText, plain, sizeText } from '../output/text.ts';
import type { TableOptions } from './tables.ts';

const right = (title: string) => ({ title, align: 'right' }) as const;
const left = (title: string) => ({ title });

const usageText = ({ usage }: SnapshotRow) => (usage === null ? '-' : sizeText(usage.bytes));

export function snapshotLines(rows: readonly SnapshotRow[], { whole }: TableOptions): readonly string[] {
  // Only containerd 2.3 and later says the diff ids of layers.
  const known = rows.some(({ diffId }) => diffId !== null);
  const columns = [right('ID'), left('KIND'), right('USAGE'), right('AGE'), left('KEY'), left('PARENT')];
  const now = wallClock();
  return createTable([...columns, ...(known ? [left('DIFF ID')] : [])]).lines(
    rows.map((row) => [
      ...[String(row.id), row.kind, usageText(row), ageOf(row.created, now)],
      ...[brief(row.key, whole), brief(row.parent || '-', whole)],
      ...(known ? [brief(row.diffId ?? '-', whole)] : []),
    ]),
  );
}

/** `now` in nanoseconds since 1970 UTC. */
export function treeLines(rows: readonly TreeRow[], { whole }: TableOptions, now = wallClock()): readonly string[] {
  const table = createTable([right('ID'), left('KIND'), right('USAGE'), right('AGE'), left('KEY')]);
  return table.lines(
    rows.map((row) => [
      ...[String(row.id), row.kind, usageText(row), ageOf(row.created, now)],
      `${row.prefix}${brief(row.key, whole)}`,
    ]),
  );
}

export function retainedLines(
  rows: readonly RetainedRow[],
  { whole }: TableOptions,
  now = wallClock(),
): readonly string[] {
  if (rows.length === 0) return ['nothing is retained'];
  const table = createTable([right('ID'), right('USAGE'), right('REMOVED'), right('POSITION'), left('KEY')]);
  return table.lines(
    rows.map((row) => [
      ...[String(row.id), usageText(row), ageOf(row.removed, now), String(row.since)],
      brief(row.key, whole),
    ]),
  );
}

const orDash = (lines: readonly string[]) => (lines.length === 0 ? '-' : lines.map(plain));

export function statLines(stat: Stat): readonly string[] {
  const { id, key, kind, path, diffId, parents, children, images, created, updated, usage, prepared, labels } = stat;
  return fieldLines([
    ['key', plain(key)],
    ['kind', kind],
    ['id', String(id)],
    ['path', path],
    ...(diffId === null ? [] : [['diff id', diffId] as const]),
    ...(images.length === 0 ? [] : [['images', orDash(images)] as const]),
    ['parents', orDash(parents)],
    ['children', orDash(children)],
    ['created', dateOf(created)],
    ['updated', dateOf(updated)],
    [
      'usage',
      usage === null ? 'not measured' : `${sizeText(usage.bytes)} (${usage.bytes} bytes), ${usage.inodes} inodes`,
    ],
    ['prepared', `position ${prepared ?? 'unknown'}`],
    ['labels', orDash(Object.entries(labels).map(([name, value]) => `${name}=${value}`))],
  ]);
}

/** As `ctr snapshots mounts` prints them. */
export const mountLines = ({ mounts, unknown }: Mounts): readonly string[] => [
  ...mounts.map(
    ({ type, source, options }) => `mount -t ${word(type)} ${word(source)} TARGET -o ${word(options.join(','))}`,
  ),
  ...unknown.map((text) => `note: ${plain(text)}`),
];

/** A word of a shell's command. */
const word = (text: string): string =>
  /^[\w@%+=:,./-]+$/.test(text) ? text : `'${plain(text).replaceAll("'", "'\\''")}'`;

export function statsLines(stats: Stats): readonly string[] {
  const { position, node, total, namespaces, kinds, ages, pendingPurge, retained, log, behindCheckpoint, quiet } =
    stats;
  return [
    ...countLines({ all: { '': total }, namespace: namespaces, kind: kinds, age: ages }),
    '',
    ...fieldLines([
      ...(node === null ? [] : ([['node', plain(nodeText(node))]] as const)),
      ['position', String(position)],
      ['log', `${sizeText(log.bytes)} in ${log.segments} segments, ${log.archived} of them archived`],
      ['lag', `${behindCheckpoint} events after the newest checkpoint`],
      ['last event', quiet === null ? 'none' : `${durationOf(quiet)} ago`],
      ['retained', `${retained.layers} removed layers, ${sizeText(retained.bytes)}`],
      ['pending purge', `${pendingPurge} removed volumes`],
    ]),
  ];
}

function countLines(groups: Readonly<Record<string, Readonly<Record<string, Count>>>>): readonly string[] {
  const table = createTable([
    ...[left('BY'), left(''), right('SNAPSHOTS'), right('BYTES'), right('INODES'), right('UNMEASURED')],
  ]);
  return table.lines(
    Object.entries(groups).flatMap(([title, counts]) =>
      Object.entries(counts).map(([name, { snapshots, bytes, inodes, unmeasured }], at) => [
        ...[at === 0 ? title : '', plain(name)],
        ...[String(snapshots), sizeText(bytes), String(inodes), String(unmeasured)],
      ]),
    ),
  );
}
