import * as t from 'io-ts';
import { Fault } from '../../../ports/fault.ts';
import type { IncidentKind } from '../../../ports/fleet-database.ts';
import { CalendarTime, Choice, Count, Text } from '../../queries/parameters.ts';
import { list, type Query, queryOf } from '../../queries/query.ts';
import { differenceOf } from './compare.ts';
import { historyOf, holdersOf, holdersOfImage, snapshotRow } from './layers.ts';
import { type FleetSource, nodeNamed, nodeNames } from './nodes.ts';
import {
  FleetSnapshotRow,
  HeldRow,
  HolderRow,
  IncidentRow,
  LagRow,
  NodeChange,
  NodeRow,
  UnusedRow,
  UsageRow,
} from './rows.ts';
import { heldAt, lagOf, nodesOf, silentAfter } from './states.ts';
import { groups, unusedSince, usageOf } from './usage.ts';

const layerHelp =
  "chain id, diff id, key or name of a snapshot, the client's part of it (a container's id), or the beginning of one";
const nodeHelp = "node's name, its store's id, or the beginning of one";
const silent = {
  codec: CalendarTime,
  cli: '--silent <period>',
  help: 'a node is silent after this period without an event, default 24h',
} as const;
const lines = { codec: Count, cli: '-n, --lines <count>', help: 'at most the newest N, default 1000' } as const;
const defaultLines = 1000;
const maxLines = 100_000;
const day = 86_400_000_000_000n;

const kinds = ['lost', 'undone', 'quarantined', 'repaired', 'crash', 'power-cut', 'rolled-back', 'stopped'] as const;
kinds satisfies readonly IncidentKind[];

/** Limits the rows of an answer, which is one array. */
function limit(count: number | undefined): number {
  if ((count ?? 0) <= maxLines) return count ?? defaultLines;
  throw new Fault('misuse', `lines: at most ${maxLines}`, { hint: 'ask for a shorter period' });
}

/** A snapshot of the node that is named, or the figures of every node. */
const AtRow = t.union([FleetSnapshotRow, HeldRow], 'FleetAt');

const query = queryOf<FleetSource>();

/** Every question to the fleet. A new one needs an entry here, and a table in `src/cli/tables/fleet.ts`. */
export const fleetQueries = {
  nodes: query({
    name: 'nodes',
    command: 'nodes',
    summary: 'list the nodes of the fleet',
    parameters: { silent },
    answer: list(NodeRow),
    run: (source, values) => nodesOf(source, values.silent ?? source.now() - silentAfter),
  }),
  holds: query({
    name: 'holds',
    command: 'holds',
    summary: 'show which nodes hold a layer or an image, since when, and which containers are on it',
    parameters: {
      layer: { codec: Text, cli: '[layer]', help: layerHelp },
      image: { codec: Text, cli: '--image <name>', help: 'an image by its full name, or the digest that it points to' },
    },
    answer: list(HolderRow),
    run: async (source, { layer, image }) => {
      if (layer !== undefined && image === undefined) return holdersOf(source, layer);
      if (image !== undefined && layer === undefined) return holdersOfImage(source, image);
      throw new Fault('misuse', 'holds: name either a layer or an image', {
        hint: 'as `snapledger fleet holds sha256:…`, or with --image and its name',
      });
    },
  }),
  history: query({
    name: 'history',
    command: 'history',
    summary: 'show every snapshot of a layer that any node ever had',
    parameters: { layer: { codec: Text, required: true, cli: '<layer>', help: layerHelp }, lines },
    answer: list(FleetSnapshotRow),
    run: (source, values) => historyOf(source, values.layer, limit(values.lines)),
  }),
  incidents: query({
    name: 'incidents',
    command: 'incidents',
    summary: 'list layers that were lost or undone, crashes and other incidents, newest first',
    parameters: {
      since: {
        codec: CalendarTime,
        cli: '--since <time>',
        help: 'not earlier: 2026-11-24, 2026-11-24T18:30:00Z, "2h ago", 30d',
      },
      until: { codec: CalendarTime, cli: '--until <time>', help: 'not later than this time' },
      kind: { codec: Choice(...kinds), cli: '--kind <kind>', help: `only this kind: ${kinds.join(', ')}` },
      node: { codec: Text, cli: '--node <node>', help: nodeHelp },
      lines,
    },
    answer: list(IncidentRow),
    run: async (source, { node, since, until, kind, ...values }) => {
      const { fleet } = source;
      const store = node === undefined ? undefined : nodeNamed(await fleet.stores(), node).store;
      const rows = await fleet.incidents({ since, until, kind, store, lines: limit(values.lines) });
      const named = await nodeNames(source);
      return rows.map((row) => ({ ...row, ...named(row.store) }));
    },
  }),
  usage: query({
    name: 'usage',
    command: 'usage',
    summary: 'add up snapshots and bytes by node, namespace or image',
    parameters: {
      by: { codec: Choice(...groups), cli: '--by <what>', help: `${groups.join(', ')}; default node` },
      since: {
        codec: CalendarTime,
        cli: '--since <time>',
        help: 'day by day from the day of this time on, instead of now',
      },
    },
    answer: list(UsageRow),
    run: (source, { by = 'node', since }) => usageOf(source, { by, since }),
  }),
  unused: query({
    name: 'unused',
    command: 'unused',
    summary: 'list layers that no container is on and that nothing was prepared on for a period',
    parameters: {
      for: { codec: CalendarTime, cli: '--for <period>', help: 'as 30d or 12h, or since a time; default 30d' },
      node: { codec: Text, cli: '--node <node>', help: nodeHelp },
    },
    answer: list(UnusedRow),
    run: (source, { for: since = source.now() - 30n * day, node }) => unusedSince(source, { since, node }),
  }),
  diff: query({
    name: 'diff',
    command: 'diff',
    summary: 'show layers and images that only one of two nodes has',
    parameters: {
      left: { codec: Text, required: true, cli: '<node>', help: nodeHelp },
      right: { codec: Text, required: true, cli: '<other>', help: 'the other node' },
    },
    answer: list(NodeChange),
    run: (source, values) => differenceOf(source, values),
  }),
  at: query({
    name: 'at',
    command: 'at',
    summary: 'show what a node held at a time, or how much each held at the beginning of that day (UTC)',
    parameters: {
      time: {
        codec: CalendarTime,
        required: true,
        cli: '<time>',
        help: '2026-11-24, 2026-11-24T18:30:00Z, "2h ago" or 10m',
      },
      node: { codec: Text, cli: '--node <node>', help: nodeHelp },
    },
    answer: list(AtRow),
    run: async (source, { time, node }) => {
      if (node === undefined) return heldAt(source, time);
      const { store, node: name } = nodeNamed(await source.fleet.stores(), node);
      const rows = await source.fleet.snapshotsOf(store, time);
      return rows.map((row) => snapshotRow(() => ({ node: name, store }), row));
    },
  }),
  lag: query({
    name: 'lag',
    command: 'lag',
    summary: "show how far each node's forwarder and the index are behind, and which nodes are silent or stopped",
    parameters: { node: { codec: Text, cli: '--node <node>', help: nodeHelp }, silent },
    answer: { ...list(LagRow), encode: ({ rows }: Awaited<ReturnType<typeof lagOf>>) => rows.map(LagRow.encode) },
    run: (source, values) =>
      lagOf(source, { node: values.node, silentSince: values.silent ?? source.now() - silentAfter }),
  }),
};

export type FleetQuery = Query<FleetSource>;
