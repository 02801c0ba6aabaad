import type { Envelope } from '../../../events/envelope.ts';
import { Fault } from '../../ports/fault.ts';
import type { ReadableLog } from '../../ports/readable-log.ts';
import { AnchorRow, anchorRow, heldRow } from '../audit/anchor.ts';
import { Blame, blame } from '../audit/blame.ts';
import { Change, type Difference, differenceOf } from '../audit/difference.ts';
import { Stat, statOf } from '../audit/find-snapshot.ts';
import { History, historyOf, knownKey } from '../audit/history.ts';
import { listRetained, listSnapshots, RetainedRow, SnapshotRow, TreeRow, treeOf } from '../audit/list-snapshots.ts';
import { wallClock } from '../audit/moment.ts';
import { Mounts, mountsOf } from '../audit/mounts.ts';
import { createChooser, type Selection, select } from '../audit/select-events.ts';
import { stateOfStore, withLog } from '../audit/state-at.ts';
import { Stats, statsOfStore } from '../audit/stats.ts';
import { Why, whySnapshot } from '../explain/why.ts';
import { Count, Position, Text, Texts, Time, Types } from './parameters.ts';
import { type AuditSource, EventRow, list, object, type Query, queryOf, type Values } from './query.ts';

const key = {
  codec: Text,
  required: true,
  cli: '<key>',
  help: "key, name, id, the client's part of a key (a container's id) or digest, or the beginning of one of these",
} as const;

const at = {
  codec: Text,
  cli: '--at <moment>',
  help: 'state at a position of the log or a time: 4711, 2026-11-24T18:30:00Z, "2h ago"; default now',
} as const;

const selection = {
  key: { codec: Text, cli: '[key]', help: 'only the history of snapshots that ever had this key or name' },
  namespace: { codec: Text, cli: '--namespace <name>', help: 'only events of this containerd namespace' },
  from: { codec: Position, cli: '--from <position>', help: 'start at this position' },
  since: { codec: Time, cli: '--since <time>', help: 'not earlier: 2026-11-24, 2026-11-24T18:30:00Z, "2h ago", 10m' },
  until: { codec: Time, cli: '--until <time>', help: 'not later than this time' },
  type: { codec: Types, cli: '--type <type>', help: 'only events of these types, comma-separated (can be repeated)' },
  lines: { codec: Count, cli: '-n, --lines <count>', help: 'show only the last N events' },
} as const;

type LogValues = Values<typeof selection>;

/** The selection of decoded parameters. Its key still has to be looked up. */
export const selectionOf = ({ type, from, lines, ...rest }: LogValues): Selection => ({
  ...rest,
  types: type ?? [],
  from: from ?? 1,
  newest: lines,
});

/** Limits over HTTP, because an answer is one array. */
const [defaultLines, maxLines] = [1000, 10_000];

async function newestEvents(log: ReadableLog, chosen: Selection) {
  if ((chosen.newest ?? 0) > maxLines)
    throw new Fault('misuse', `lines: at most ${maxLines}`, { hint: '/events has no limit' });
  const limited = { ...chosen, newest: chosen.newest ?? defaultLines };
  const found: Envelope[] = [];
  for await (const batch of select(log, limited, createChooser(limited))) found.push(...batch);
  return found;
}

const query = queryOf<AuditSource>();

/** Every query of a store. A new one needs an entry here, and a table in `src/cli/tables` unless it has no command. */
export const queries = {
  log: query({
    name: 'log',
    command: 'log',
    summary: 'show the events of the store, or of one key',
    parameters: selection,
    answer: list(EventRow),
    run: ({ files }, values) =>
      withLog(files, async (log) => {
        const named = values.key === undefined ? undefined : await knownKey(files, log, values.key);
        return newestEvents(log, { ...selectionOf(values), key: named });
      }),
  }),
  history: query({
    name: 'history',
    command: 'history',
    summary: 'show the history of a snapshot, existing or removed, by its key, name or id',
    parameters: { key },
    allHistory: true,
    answer: list(History),
    run: ({ files }, values) => historyOf(files, values.key, wallClock()),
  }),
  tree: query({
    name: 'tree',
    command: 'tree',
    summary: 'show snapshots below their parents',
    parameters: { at },
    answer: list(TreeRow),
    run: async ({ files }, values) => treeOf(await stateOfStore(files, values.at)),
  }),
  stat: query({
    name: 'stat',
    command: 'stat',
    summary: 'show one snapshot',
    parameters: { key, at },
    answer: object(Stat),
    run: async ({ files }, values) => statOf(await stateOfStore(files, values.at), values.key),
  }),
  mounts: query({
    name: 'mounts',
    command: 'mounts',
    summary: 'show the mounts that containerd gets for a snapshot, or for a new view of a committed one',
    parameters: { key, at },
    answer: object(Mounts),
    run: (source, values) => mountsOf(source, values.key, values.at),
  }),
  snapshots: query({
    name: 'snapshots',
    command: 'ls',
    summary: 'list snapshots, optionally filtered (same syntax as `ctr snapshots ls`)',
    parameters: {
      filter: {
        codec: Texts,
        cli: '[filter...]',
        help: 'kind==committed, name~=sha256, labels."a"==b (can be repeated)',
      },
      at,
    },
    answer: list(SnapshotRow),
    run: async ({ files }, values) => listSnapshots(await stateOfStore(files, values.at), values.filter ?? []),
  }),
  stats: query({
    name: 'stats',
    command: 'stats',
    summary: 'count snapshots and bytes by namespace, kind and age, and measure the log',
    parameters: { at },
    allHistory: true,
    answer: object(Stats),
    run: ({ files }, values) => statsOfStore(files, values.at),
  }),
  diff: query({
    name: 'diff',
    command: 'diff',
    summary: 'show what appeared, vanished and changed between two positions or times',
    parameters: {
      from: { codec: Text, required: true, cli: '<from>', help: 'a position or a time' },
      to: { codec: Text, cli: '[to]', help: 'a position or a time; default now' },
    },
    answer: { ...list(Change), encode: ({ changes }: Difference) => changes.map(Change.encode) },
    run: async ({ files }, { from, to }) =>
      differenceOf(await stateOfStore(files, from), await stateOfStore(files, to)),
  }),
  blame: query({
    name: 'blame',
    command: 'blame',
    summary: 'show which layer added or deleted a file, by whom and when',
    parameters: {
      key,
      path: { codec: Text, required: true, cli: '<path>', help: 'path from the root of the snapshot, as /etc/passwd' },
    },
    allHistory: true,
    answer: object(Blame),
    run: blame,
  }),
  anchor: query({
    name: 'anchor',
    command: 'anchor',
    summary: "print the head of the log's hash chain, to be kept elsewhere for `verify --anchor`",
    parameters: {
      holds: { codec: Texts, help: 'check that the log contains these anchors, comma-separated or repeated' },
    },
    answer: object(AnchorRow),
    run: ({ files }, { holds }) => withLog(files, (log) => (holds ? heldRow(log, holds) : anchorRow(log))),
  }),
  why: query({
    name: 'why',
    command: 'why',
    summary: 'explain why a snapshot exists or no longer exists',
    parameters: { key },
    allHistory: true,
    answer: object(Why),
    run: ({ files }, values) => whySnapshot(files, values.key),
  }),
  retained: query({
    name: 'retained',
    command: null,
    summary: 'list the removed layers that can be restored, as `restore` without a name',
    parameters: { at },
    answer: list(RetainedRow),
    run: async ({ files }, values) => listRetained(await stateOfStore(files, values.at)),
  }),
};

/** Any query of the table. */
export type AnyQuery = Query<AuditSource>;
