import type { JSONRecordedEvent, JSONType, RecordedEvent } from '@kurrent/kurrentdb-client';
import { errorText } from '../../../ports/fault.ts';

/** An event as it is sent. */
export interface Proposal {
  readonly id: string;
  readonly type: string;
  readonly data: unknown;
  readonly metadata: Readonly<Record<string, string>>;
}

export type Recorded = RecordedEvent | JSONRecordedEvent;

export interface Page {
  /** `null`: the stream's end */
  readonly from: number | null;
  readonly direction: 'forwards' | 'backwards';
  readonly count: number;
}

/** One client of a cluster. What it rejects with is the client's own errors. None of its calls ends by itself in time. */
export interface Connection {
  /** The server's version; 'unknown' for servers that can't tell. */
  version(): Promise<string>;
  /**
   * `expected` is the revision of the stream's last event, null where there must be no stream. There is no default: the
   * client's is "any". Resolves with the revision that the stream's last event then has.
   */
  append(stream: string, events: readonly Proposal[], expected: number | null): Promise<number>;
  /** From the leader. Empty where there is no stream. */
  read(stream: string, page: Page): Promise<readonly Recorded[]>;
  /** Cancels what is under way. */
  close(): Promise<void>;
}

/** What the client keeps to itself. */
interface Inside {
  readonly capabilities: Promise<{ readonly serverVersion: string }>;
  getChannel(): Promise<{ close(): void }>;
}

/** Makes a client; nothing is dialled yet. The package is loaded here alone, since that takes 150 ms. Throws what the client finds wrong with the string. */
export async function connect(url: string): Promise<Connection> {
  const { BACKWARDS, END, FORWARDS, KurrentDBClient, NO_STREAM, jsonEvent } = await import('@kurrent/kurrentdb-client');
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
    close: async () => {
      await client.dispose();
      // Without this the channel of a client that is given up would be kept alive for ever.
      await inside.getChannel().then(
        (channel) => channel.close(),
        () => {},
      );
    },
  };
}

const isMissing = (error: unknown) =>
  (error as { readonly type?: string }).type === 'stream-not-found' || /stream not found/i.test(errorText(error));
