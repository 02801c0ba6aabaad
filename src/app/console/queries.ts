import { findSnapshot } from '../audit/find-snapshot.ts';
import { withLog } from '../audit/state-at.ts';
import { Count, Position, Text, Time, Types } from '../queries/parameters.ts';
import { list, object, type Query, queryOf } from '../queries/query.ts';
import { layerWith } from '../store/volume-of.ts';
import { eventsAt, eventsPage } from './events/events-page.ts';
import { Density, EventsPage, Flushes, Forest, Growth, Incident, OwnFiles } from './rows.ts';
import type { ConsoleSource } from './source.ts';
import { differenceOf } from './states/difference.ts';
import { forestOf } from './states/forest.ts';

const query = queryOf<ConsoleSource>();

const period = {
  since: { codec: Time, help: 'not earlier than this time' },
  until: { codec: Time, help: 'not later than this time' },
} as const;

const filters = {
  type: { codec: Types, help: 'only events of these types, comma-separated or repeated' },
  namespace: { codec: Text, help: 'only events of this containerd namespace' },
  actor: { codec: Text, help: 'only events of this actor' },
} as const;

const maxBuckets = 4_000;
const maxLines = 1_000;
const maxFiles = 10_000;

/** The queries that only the console has: what its views show is kept in memory. */
export const consoleQueries = {
  density: query({
    name: 'density',
    command: null,
    summary: 'count events over time by type',
    parameters: { ...period, ...filters, buckets: { codec: Count, help: 'how many parts of the period, default 400' } },
    answer: object(Density),
    run: ({ events }, { type = [], buckets = 400, ...wanted }) =>
      events.density({ ...wanted, types: type, buckets: Math.min(buckets, maxBuckets) }),
  }),
  incidents: query({
    name: 'incidents',
    command: null,
    summary: 'list crashes, losses, repairs and what was undone or quarantined, the newest 2000',
    parameters: period,
    answer: list(Incident),
    run: ({ events }, { since, until }) => events.incidents(since, until),
  }),
  page: query({
    name: 'page',
    command: null,
    summary: 'show a page of events',
    parameters: {
      ...{ ...period, ...filters },
      key: { codec: Text, help: 'only the history of snapshots that ever had this key or name' },
      before: { codec: Position, help: 'only events before this position; default: the newest' },
      lines: { codec: Count, help: `how many, default 100, at most ${maxLines}` },
    },
    answer: object(EventsPage),
    run: ({ files, events }, { type = [], before = Number.MAX_SAFE_INTEGER, lines = 100, ...wanted }) =>
      eventsPage(files, events.complete, { ...wanted, types: type, before, lines: Math.min(lines, maxLines) }),
  }),
  forest: query({
    name: 'forest',
    command: null,
    summary: 'list snapshots and retained layers as columns, or their difference to another moment',
    parameters: {
      at: { codec: Text, help: 'a position or a time; default now' },
      since: { codec: Text, help: 'only what is not the same at this position or time' },
    },
    answer: object(Forest),
    run: async ({ files, states, events }, { at, since }) => {
      const base = since === undefined ? undefined : await states.at(since);
      const state = await states.at(at);
      const [last] = await withLog(files, (log) => eventsAt(log, [state.position]));
      const time = last?.time ?? null;
      if (base === undefined) return forestOf(state, time);
      const [from, to] = [base.position, state.position].sort((a, b) => a - b) as [number, number];
      return differenceOf(base, state, time, events.touched(from, to));
    },
  }),
  files: query({
    name: 'files',
    command: null,
    summary: "list the own files of a snapshot's layer: names, sizes and modes, never their content",
    parameters: { key: { codec: Text, required: true, help: 'key, name or id; of a retained layer the id' } },
    answer: object(OwnFiles),
    run: async ({ states, layers }, { key }) => {
      const state = await states.at();
      const id = Number(key);
      const layer = layerWith(state, state.volumes.retained.has(id) ? id : findSnapshot(state, key).id);
      if (layer === undefined || layer.snapshot.kind === 'view') return { entries: [], truncated: false };
      const { own } = await layers(state.storeInfo.driver);
      return own(layer.volume, maxFiles);
    },
  }),
  growth: query({
    name: 'growth',
    command: null,
    summary: 'show snapshots and bytes over time',
    parameters: {},
    answer: object(Growth),
    run: ({ growth }) => growth.growth(),
  }),
  flushes: query({
    name: 'flushes',
    command: null,
    summary: "show flush times of the daemon's log over time, while a page is connected",
    parameters: {},
    answer: object(Flushes),
    run: ({ flushTimes }) => flushTimes.flushes(),
  }),
};

/** Any query of the console's own. */
export type ConsoleQuery = Query<ConsoleSource>;
