import { ownKeyOf } from '../../../projections/snapshot.ts';
import type { fleetQueries } from '../../app/fleet/questions/queries.ts';
import type {
  FleetSnapshotRow,
  HolderRow,
  IncidentRow,
  NodeChange,
  UnusedRow,
  UsageRow,
} from '../../app/fleet/questions/rows.ts';
import { createTable } from '../output/table.ts';
import { brief, counted, plain, sizeText } from '../output/text.ts';
import { lagLines, nodeLines } from './fleet-nodes.ts';
import { left, nodeTexts, right, timeText } from './fleet-text.ts';
import type { TableOptions } from './tables.ts';

type FleetTableName = keyof typeof fleetQueries;
type AnswerOf<N extends FleetTableName> = Awaited<ReturnType<(typeof fleetQueries)[N]['run']>>;

const maxShown = 3;

/** The client's keys of containers, the first few of them. */
function containerText(keys: readonly string[], whole = false): string {
  const own = keys.map((key) => ownKeyOf(key) || key).map((key) => (whole ? plain(key) : shortKey(key)));
  const shown = whole ? own : own.slice(0, maxShown);
  return [...shown, ...(shown.length < own.length ? [`and ${own.length - shown.length} more`] : [])].join(', ');
}

/** Ids of containers are as long as digests. */
const shortKey = (key: string) => brief(key).replace(/^([0-9a-f]{12})[0-9a-f]{52}$/, '$1…');

const bytesText = (bytes: number | null) => (bytes === null ? '-' : sizeText(bytes));

function holderLines(rows: readonly HolderRow[], options: TableOptions): readonly string[] {
  const named = rows.some(({ image }) => image !== null);
  const columns = [left('NODE'), left('SINCE'), right('BYTES'), left('LAYER'), ...(named ? [left('IMAGE')] : [])];
  const table = createTable([...columns, right('CONTAINERS'), left('')]);
  const count = rows.reduce((sum, { containers }) => sum + containers.length, 0);
  const nodeOf = nodeTexts(rows);
  return [
    ...table.lines(
      rows.map(({ node, store, since, bytes, key, chainId, id, image, containers }) => [
        ...[nodeOf({ node, store }), timeText(since, options), bytesText(bytes)],
        id === null ? 'not recorded' : brief(chainId || key, options.whole),
        ...(named ? [plain(image ?? '-')] : []),
        ...[String(containers.length), containerText(containers, options.whole)],
      ]),
    ),
    `${counted(new Set(rows.map(({ store }) => store)).size, 'node')}, ${counted(count, 'container')}`,
  ];
}

function snapshotLines(rows: readonly FleetSnapshotRow[], options: TableOptions): readonly string[] {
  const table = createTable([
    ...[
      left('NODE'),
      right('ID'),
      left('KIND'),
      right('BYTES'),
      left('PREPARED'),
      left('COMMITTED'),
      left('LAST USED'),
    ],
    ...[left('ENDED'), left('KEY')],
  ]);
  const nodeOf = nodeTexts(rows);
  return table.lines(
    rows.map(({ node, store, id, kind, bytes, prepared, committed, lastUsed, removed, ended, key }) => [
      ...[nodeOf({ node, store }), String(id), kind, bytesText(bytes)],
      ...[prepared, committed, lastUsed].map((time) => timeText(time, options)),
      removed === null ? '-' : `${timeText(removed, options)} ${ended ?? ''}`,
      brief(key, options.whole),
    ]),
  );
}

const incidentLines = (rows: readonly IncidentRow[], options: TableOptions): readonly string[] => {
  if (rows.length === 0) return ['no incident'];
  const nodeOf = nodeTexts(rows);
  return createTable([left('TIME'), left('NODE'), left('KIND'), right('POSITION'), left('')]).lines(
    rows.map(({ time, node, store, kind, position, text, key }) => [
      ...[timeText(time, options), nodeOf({ node, store }), kind, String(position)],
      brief([key, text].filter((part) => part !== '').join(': '), options.whole),
    ]),
  );
};

function usageLines(rows: readonly UsageRow[]): readonly string[] {
  if (rows.length === 0) return ['nothing is recorded; images need `containerd.events` on the nodes'];
  const daily = rows.some(({ day }) => day !== null);
  const columns = [right('NODES'), right('SNAPSHOTS'), right('BYTES')];
  const table = createTable([
    ...(daily ? [left('DAY'), ...columns, right('ADDED'), right('REMOVED')] : columns),
    left('OF'),
  ]);
  const nameOf = nodeTexts(rows.map(({ by, store }) => ({ node: by, store })));
  return table.lines(
    rows.map(({ day, by, store, nodes, snapshots, bytes, bytesAdded, bytesRemoved }) => [
      ...(daily ? [day ?? ''] : []),
      ...[String(nodes), String(snapshots), sizeText(bytes)],
      ...(daily ? [bytesText(bytesAdded), bytesText(bytesRemoved)] : []),
      nameOf({ node: by, store }),
    ]),
  );
}

function unusedLines(rows: readonly UnusedRow[], options: TableOptions): readonly string[] {
  if (rows.length === 0) return ['nothing is unused'];
  const table = createTable([right('NODES'), right('BYTES'), left('LAST USED'), left('LAYER'), left('TOP OF')]);
  return [
    ...table.lines(
      rows.map(({ nodes, bytes, lastUsed, layer, images }) => [
        ...[String(nodes), sizeText(bytes), timeText(lastUsed, options), brief(layer, options.whole)],
        images.map(plain).join(', ') || '-',
      ]),
    ),
    `${counted(rows.length, 'layer')}, ${sizeText(rows.reduce((sum, { bytes }) => sum + bytes, 0))}`,
  ];
}

function changeLines(rows: readonly NodeChange[], { whole }: TableOptions): readonly string[] {
  if (rows.length === 0) return ['both have the same layers and images'];
  const valueText = (what: NodeChange['what'], value: string | null) =>
    what === 'image' ? brief(value ?? '', whole) : value === null || value === '' ? '' : sizeText(Number(value));
  return createTable([left(''), left('WHAT'), left('NAMESPACE'), left('NAME'), left('')]).lines(
    rows.map(({ what, namespace, name, left: one, right: other }) => [
      ...[one === null ? '+' : other === null ? '-' : '~', what, plain(namespace), brief(name, whole)],
      [one, other]
        .filter((value) => value !== null)
        .map((value) => valueText(what, value))
        .join(' -> '),
    ]),
  );
}

function heldLines(rows: AnswerOf<'at'>, options: TableOptions): readonly string[] {
  if (rows.length === 0)
    return ['nothing was held then; without --node that is the beginning of the day (UTC), with it the time itself'];
  const snapshots = rows.filter((row) => 'key' in row);
  if (snapshots.length > 0) return snapshotLines(snapshots, options);
  const nodeOf = nodeTexts(rows);
  const table = createTable([left('NODE'), left('AT'), right('SNAPSHOTS'), right('BYTES'), left('NAMESPACE')]);
  return table.lines(
    rows.flatMap((row) =>
      'key' in row
        ? []
        : [
            [
              ...[nodeOf(row), timeText(row.at, options), String(row.snapshots), sizeText(row.bytes)],
              plain(row.namespace),
            ],
          ],
    ),
  );
}

/** The table of each question to the fleet, and its options. */
export const fleetTables: {
  readonly [N in FleetTableName]: {
    readonly options: readonly (keyof TableOptions)[];
    readonly lines: (answer: AnswerOf<N>, options: TableOptions) => readonly string[];
  };
} = {
  nodes: { options: ['whole', 'relative'], lines: nodeLines },
  holds: { options: ['whole', 'relative'], lines: holderLines },
  history: { options: ['whole', 'relative'], lines: snapshotLines },
  incidents: { options: ['whole', 'relative'], lines: incidentLines },
  usage: { options: [], lines: usageLines },
  unused: { options: ['whole', 'relative'], lines: unusedLines },
  diff: { options: ['whole'], lines: changeLines },
  at: { options: ['whole', 'relative'], lines: heldLines },
  lag: { options: ['whole'], lines: lagLines },
};
