import * as t from 'io-ts';
import { Decimal, Nanoseconds } from '../../../events/codecs.ts';
import { EventRow, nullable } from '../queries/query.ts';

// What the console's own addresses answer. Columns are arrays of equal length: a row is what they hold at one index.

const numbers = t.readonlyArray(t.number);
const texts = t.readonlyArray(t.string);

/** Events of a period of time by type. */
const Bucket = t.strict(
  {
    /** it begins this many steps after `start` */
    at: t.number,
    /** lowest and highest position in it: others between them may be in other buckets, since clocks are set back */
    from: Decimal,
    to: Decimal,
    /** by type; under an empty one those whose type is not known yet */
    counts: t.readonly(t.record(t.string, t.number)),
  },
  'Bucket',
);

/** How many events there were when, empty buckets left out. */
export const Density = t.strict(
  {
    /** first and last position of the log */
    first: Decimal,
    last: Decimal,
    start: Nanoseconds,
    end: Nanoseconds,
    step: Nanoseconds,
    /** how many events of the log are folded, and how many it has: fewer while it is still being read */
    folded: Decimal,
    total: Decimal,
    buckets: t.readonlyArray(Bucket),
    /** what occurs in the log, for filters */
    actors: texts,
    namespaces: texts,
  },
  'Density',
);
export type Density = t.TypeOf<typeof Density>;

/** An event that an operator would ask about. */
export const Incident = t.strict(
  {
    position: Decimal,
    time: Nanoseconds,
    type: t.string,
    kind: t.keyof({
      crash: null,
      lost: null,
      quarantined: null,
      recreated: null,
      undone: null,
      repaired: null,
      imported: null,
      gap: null,
    }),
    /** key, path or id, if the event has one, and the reason */
    text: t.string,
  },
  'Incident',
);
export type Incident = t.TypeOf<typeof Incident>;

/** A page of events, in order; `next` is the `before` of the page before it, null if there is none. */
export const EventsPage = t.strict({ events: t.readonlyArray(EventRow), next: nullable(Decimal) }, 'EventsPage');
export type EventsPage = t.TypeOf<typeof EventsPage>;

export const ForestRows = t.strict(
  {
    id: numbers,
    /** the parent's id, 0 for none */
    parent: numbers,
    /** a letter each: active, view, committed */
    kind: t.string,
    key: texts,
    /** own bytes and inodes, -1 if not measured */
    bytes: numbers,
    inodes: numbers,
    /** milliseconds since 1970 UTC */
    created: numbers,
    /** the diff id, empty if unknown */
    ref: texts,
    /** indexes into `namespaces` and `imageNames`, -1 for none */
    namespace: numbers,
    image: numbers,
    /** the position of its removal for a layer that is retained, 0 for one that exists */
    retained: numbers,
  },
  'ForestRows',
);
export type ForestRows = t.TypeOf<typeof ForestRows>;

/** The snapshots at a moment, existing and retained, by id; with a base only those that are not the same there. */
export const Forest = t.strict(
  {
    position: Decimal,
    /** of its event, null for none */
    time: nullable(Nanoseconds),
    /** the position that this is the difference to */
    base: nullable(Decimal),
    /** ids that are at the base and not here */
    gone: numbers,
    rows: ForestRows,
    namespaces: texts,
    imageNames: texts,
  },
  'Forest',
);
export type Forest = t.TypeOf<typeof Forest>;

const GrowthPoint = t.strict(
  {
    position: Decimal,
    time: Nanoseconds,
    snapshots: t.number,
    bytes: Decimal,
    retained: t.number,
    retainedBytes: Decimal,
  },
  'GrowthPoint',
);
export type GrowthPoint = t.TypeOf<typeof GrowthPoint>;

/** Snapshots and their bytes over time; more points come while the log is still being read. */
export const Growth = t.strict({ folded: Decimal, total: Decimal, points: t.readonlyArray(GrowthPoint) }, 'Growth');
export type Growth = t.TypeOf<typeof Growth>;

/** An entry of a snapshot's own layer, never its content. */
const OwnFile = t.strict(
  {
    path: t.string,
    /** as `ls` names it; `whiteout` for what is deleted from below */
    type: t.string,
    bytes: Decimal,
    /** the lower 12 bits */
    mode: t.number,
    uid: t.number,
    gid: t.number,
    modified: Nanoseconds,
    /** of a symbolic link */
    target: nullable(t.string),
  },
  'OwnFile',
);
/** The own entries of a snapshot's layer by path. */
export const OwnFiles = t.strict({ entries: t.readonlyArray(OwnFile), truncated: t.boolean }, 'OwnFiles');
export type OwnFiles = t.TypeOf<typeof OwnFiles>;

/** What a page needs to know first. */
export const Session = t.strict(
  {
    store: t.string,
    root: t.string,
    driver: t.string,
    version: t.string,
    node: t.string,
    /** a daemon is running */
    live: t.boolean,
    readOnly: t.boolean,
    /** to be sent as `snapledger-csrf` with every POST */
    csrf: t.string,
    fleet: t.boolean,
    position: Decimal,
    /** first position that is in the log */
    first: Decimal,
    /** why the log can't be read, and what to do */
    error: nullable(t.string),
    hint: nullable(t.string),
  },
  'Session',
);
export type Session = t.TypeOf<typeof Session>;

/** Flushes of the log by a daemon; times in seconds, quantiles are limits of a histogram's buckets. 0 without any. */
const FlushFigures = t.strict({ count: t.number, mean: t.number, p50: t.number, p99: t.number });
export type FlushFigures = t.TypeOf<typeof FlushFigures>;

/** Flush times over time, as far as the console was open. There are none without a daemon. */
export const Flushes = t.strict(
  {
    /** one is running, and answered about its flushes */
    daemon: t.boolean,
    /** since its start; null if there were none */
    total: nullable(FlushFigures),
    /** periods of about five seconds of the last hour in order, without those in which no page was connected */
    points: t.readonlyArray(t.strict({ from: Nanoseconds, to: Nanoseconds, ...FlushFigures.type.props })),
  },
  'Flushes',
);
export type Flushes = t.TypeOf<typeof Flushes>;

/** What a running daemon and the files say of the store. */
export const Health = t.strict(
  {
    /** null without a running daemon */
    daemon: nullable(t.strict({ serving: t.boolean, reason: t.string, pid: t.number })),
    /** as `GET /forward`; null without a running daemon */
    forward: nullable(t.UnknownRecord),
    /** positions of the pipelines, and how many events they are behind */
    pipelines: t.readonlyArray(t.strict({ name: t.string, position: Decimal, behind: Decimal, failures: t.number })),
    /** flushes of the log in seconds since the start of the daemon */
    flush: nullable(FlushFigures),
    log: nullable(t.strict({ segments: Decimal, archived: Decimal, bytes: Decimal, archivedBytes: Decimal })),
    checkpoints: t.readonlyArray(t.strict({ position: Decimal, bytes: Decimal, time: Nanoseconds })),
    /** of the root's file system */
    disk: nullable(t.strict({ bytes: Decimal, free: Decimal })),
    /** limits of retention as the settings file has them; null if it is off */
    retention: nullable(
      t.strict({ keep: t.number, maxSnapshots: t.number, maxBytes: t.number, minFree: t.UnknownRecord }),
    ),
  },
  'Health',
);
export type Health = t.TypeOf<typeof Health>;

const Finding = t.strict({ what: t.string, todo: t.string });
const Step = t.strict(
  {
    step: t.string,
    figures: t.readonly(t.record(t.string, t.number)),
    findings: t.readonlyArray(Finding),
    notes: texts,
    corrupt: t.boolean,
  },
  'VerifyStep',
);

/** What `verify` found: 0 nothing, 1 findings, 3 damage. */
export const Verified = t.strict({ status: t.number, steps: t.readonlyArray(Step) }, 'Verified');
export type Verified = t.TypeOf<typeof Verified>;

const StateMessage = t.strict({
  kind: t.literal('state'),
  store: t.string,
  position: Decimal,
  daemon: t.keyof({ running: null, stopped: null }),
  /** why no events can be read, empty if they can */
  reason: t.string,
});
const EventsMessage = t.strict({
  kind: t.literal('events'),
  from: Decimal,
  to: Decimal,
  counts: t.readonly(t.record(t.string, t.number)),
  /** the newest of them, in order */
  events: t.readonlyArray(EventRow),
  omitted: t.number,
});
const ReplacedMessage = t.strict({ kind: t.literal('replaced'), store: t.string });
const GoneMessage = t.strict({ kind: t.literal('gone'), position: Decimal, first: Decimal });

/** A message of the live stream. */
export const LiveMessage = t.union([StateMessage, EventsMessage, ReplacedMessage, GoneMessage]);
export type LiveMessage = t.TypeOf<typeof LiveMessage>;
