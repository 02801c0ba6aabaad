import type { AllStreamRecordedEvent, JSONRecordedEvent, JSONType, RecordedEvent } from '@kurrent/kurrentdb-client';
import { errorText, Fault } from '../../../ports/fault.ts';
import type { ClusterPosition } from '../../../ports/fleet-source.ts';

/** An event as it is sent. */
export interface Proposal {
  readonly id: string;
  readonly type: string;
  readonly data: unknown;
  readonly metadata: Readonly<Record<string, string>>;
}

export type Recorded = RecordedEvent | JSONRecordedEvent;

/** An event in the cluster's log of all streams. */
export type AllRecorded = AllStreamRecordedEvent;

export interface AllPage {
  /** forwards this position is included, backwards excluded; `null`: the beginning, or backwards the end */
  readonly from: ClusterPosition | null;
  readonly direction: 'forwards' | 'backwards';
  readonly count: number;
  /** only events of streams whose names begin with this */
  readonly prefix?: string;
}

/** The receiver of a subscription. Calls come in the cluster's order. */
export interface Subscriber {
  event(event: AllRecorded): void;
  /** Events up to a position were delivered, or are of no stream that is wanted. */
  checkpoint(position: ClusterPosition): void;
  /** Everything that was there was delivered. Servers before 23.10 don't say so. */
  caughtUp(): void;
  /** The client's error; nothing follows. */
  failed(error: unknown): void;
}

export interface Subscription {
  /** Nothing is received until `resume`, apart from some events that are on their way. */
  pause(): void;
  resume(): void;
  close(): void;
}

export interface Page {
  /** `null`: the stream's end */
  readonly from: number | null;
  readonly direction: 'forwards' | 'backwards';
  readonly count: number;
}

/** One client of a cluster. What it rejects with is the client's own errors. None of its calls has a reliable time limit. */
export interface Connection {
  /** The server's version; 'unknown' for servers that don't report it. */
  version(): Promise<string>;
  /**
   * `expected` is the revision of the stream's last event, null if there must be no stream. There is no default: the
   * client's is "any". Resolves with the revision that the stream's last event then has.
   */
  append(stream: string, events: readonly Proposal[], expected: number | null): Promise<number>;
  /** From the leader. Empty if there is no stream. */
  read(stream: string, page: Page): Promise<readonly Recorded[]>;
  /** Passes on events of all streams, from the leader, until `each` returns false. */
  readAll(page: AllPage, each: (event: AllRecorded) => boolean): Promise<void>;
  /** What follows a position in the streams whose names begin with `prefix`, from the leader: what is there, then what is added. */
  subscribe(after: ClusterPosition | undefined, prefix: string, subscriber: Subscriber): Subscription;
  /** Cancels what is under way. */
  close(): Promise<void>;
}

/** A checkpoint comes after so many times 32 events of any stream. */
const checkpointInterval = 100;

/** Undocumented parts of the client. */
interface Inside {
  readonly capabilities: Promise<{ readonly serverVersion: string }>;
  getChannel(): Promise<{ close(): void }>;
}

/**
 * Creates a client, which does not connect yet. The package is loaded only here, since that takes 150 ms. Throws the client's
 * error for an invalid string.
 */
export async function connect(url: string): Promise<Connection> {
  const kurrent = await import('@kurrent/kurrentdb-client');
  const { BACKWARDS, END, FORWARDS, KurrentDBClient, NO_STREAM, START, jsonEvent, streamNameFilter } = kurrent;
  const client = KurrentDBClient.connectionString(url);
  const inside = client as unknown as Inside;
  return {
    version: async () => (await inside.capabilities).serverVersion,
    append: async (stream, events, expected) => {
      const proposals = events.map(({ data, ...rest }) => jsonEvent({ ...rest, data: data as JSONType }));
      const streamState = expected === null ? NO_STREAM : BigInt(expected);
      const { nextExpectedRevision } = await client.appendToStream(stream, proposals, {
        streamState,
        requiresLeader: true,
      });
      return Number(nextExpectedRevision);
    },
    read: async (stream, { from, direction, count }) => {
      const found: Recorded[] = [];
      const page = client.readStream(stream, {
        direction: direction === 'forwards' ? FORWARDS : BACKWARDS,
        fromRevision: from === null ? END : BigInt(from),
        maxCount: count,
        requiresLeader: true,
      });
      try {
        for await (const { event } of page) if (event !== undefined) found.push(event);
      } catch (error) {
        if (!isMissing(error)) throw error;
      }
      return found;
    },
    readAll: async ({ from, direction, count, prefix }, each) => {
      const page = client.readAll({
        direction: direction === 'forwards' ? FORWARDS : BACKWARDS,
        fromPosition: from ?? (direction === 'forwards' ? START : END),
        maxCount: count,
        requiresLeader: true,
        ...(prefix !== undefined && { filter: streamNameFilter({ prefixes: [prefix] }) }),
      });
      for await (const { event } of page) if (event !== undefined && !each(event)) break;
    },
    subscribe: (after, prefix, subscriber) => {
      // The client reports checkpoints and the end before events that it still holds back.
      const waiting: (() => void)[] = [];
      const inOrder = (report: () => void) => {
        if (events.readableLength > 0) waiting.push(report);
        else report();
      };
      const filter = streamNameFilter({
        prefixes: [prefix],
        checkpointInterval,
        checkpointReached: (_, position) => inOrder(() => subscriber.checkpoint(position)),
      });
      const events = client.subscribeToAll({ fromPosition: after ?? START, filter, requiresLeader: true });
      events.on('data', ({ event }) => {
        if (event !== undefined) subscriber.event(event);
        if (events.readableLength === 0) for (const report of waiting.splice(0)) report();
      });
      events.on('caughtUp', () => inOrder(() => subscriber.caughtUp()));
      events.on('error', (error) => subscriber.failed(error));
      events.on('end', () => subscriber.failed(new Error('the cluster has ended the subscription')));
      return {
        pause: () => void events.pause(),
        resume: () => void events.resume(),
        close: () => void events.unsubscribe().catch(() => {}),
      };
    },
    close: async () => {
      await client.dispose();
      // Without this the channel of a dropped client would never be closed.
      await inside.getChannel().then(
        (channel) => channel.close(),
        () => {},
      );
    },
  };
}

const isMissing = (error: unknown) =>
  (error as { readonly type?: string }).type === 'stream-not-found' || /stream not found/i.test(errorText(error));

/** The meaning of a client's error for the call that failed. */
export type Meaning =
  /** the stream does not end at the revision that the call expected */
  | { readonly kind: 'conflict' }
  /** it is unknown whether the call was carried out; it may be retried */
  | { readonly kind: 'unknown'; readonly text: string }
  /** it was not carried out, and a retry changes nothing */
  | { readonly kind: 'refused'; readonly fault: Fault };

const certificate = /certificate|self[- ]signed|\bSSL\b|\bTLS\b|UnknownIssuer|wrong version number|EPROTO/i;
const denied = /unauthenticated|access[- ]denied|permission.denied/i;
const notLeader = /not[- ]leader|leader info/i;

/** Strips the text that the client's library wraps around the reason. */
const plain = (text: string) =>
  text
    .replace(/^\d+ [A-Z_]+: /, '')
    .replace(/^No connection established\. Last error: (?:null|(?:Error(?: \[\w+\])?: )?)/, '')
    .replace(/\.?\s*Resolution note:\s*$/, '')
    .trim();

interface ClientError {
  readonly type?: string;
  readonly code?: unknown;
  readonly maxAppendSize?: number;
}

/** `where` names cluster and stream. Errors come with a type, with only a gRPC code, or as plain text. */
export function meaningOf(error: unknown, where: string): Meaning {
  if (error instanceof Fault) return { kind: 'refused', fault: error };
  const { type = '', code, maxAppendSize } = error as ClientError;
  const text = plain(errorText(error)) || type;
  if (type === 'wrong-expected-version') return { kind: 'conflict' };
  const refused = (fault: Fault['code'], what: string, hint: string): Meaning => ({
    kind: 'refused',
    fault: new Fault(fault, `${where}: ${what}`, { hint, cause: error }),
  });
  if (type === 'access-denied' || code === 16 || code === 7 || denied.test(text))
    return refused(
      'unsupported',
      'the cluster refuses the user name or the password',
      'correct name:password@ in the connection string, and let that user read and write the stream',
    );
  if (certificate.test(text))
    return refused(
      'unsupported',
      `TLS settings do not match: ${text}`,
      "name the authority that signed the cluster's certificate with tlsCAFile=, or set tls=false if the cluster runs insecure",
    );
  if (/^stream-(deleted|tombstoned)$/.test(type) || /stream .*deleted/i.test(text))
    return refused(
      'corrupt',
      'the stream was tombstoned',
      'restore the cluster from a backup; no event can be added to this stream',
    );
  if (/append-size|size-exceeded/.test(type))
    return refused(
      'too-large',
      `the cluster refuses the size of an append${maxAppendSize === undefined ? '' : `: its MaxAppendSize is ${maxAppendSize} bytes`}`,
      "raise the cluster's MaxAppendSize to at least 1 MiB, which is its default",
    );
  if (notLeader.test(`${type} ${text}`))
    return { kind: 'unknown', text: 'this node is not the leader; name all nodes, or use kurrentdb+discover://' };
  return { kind: 'unknown', text };
}
