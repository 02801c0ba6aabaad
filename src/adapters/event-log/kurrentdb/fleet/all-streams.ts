import { Fault } from '../../../../ports/fault.ts';
import type { ClusterPosition } from '../../../../ports/fleet-source.ts';
import { type AllRecorded, meaningOf, type Subscriber, type Subscription } from '../connect.ts';
import type { Target } from '../connection-string.ts';
import { diagnose, orDiagnosed } from '../diagnose.ts';
import { ReconnectingClient } from '../reconnecting-client.ts';
import { openStream, type RetryPolicy, type Stream, unreachable } from '../stream.ts';

/** The streams of all stores begin with it, and no other client's may. */
export const streamPrefix = 'snapledger-';

/** Maximum number of events in a page of `$all`. */
export const allPageSize = 4_096;

/** The log of all streams of a cluster, over one connection. Calls are tried once, and reject with a Fault. */
export interface AllStreams {
  /** the cluster, for messages */
  readonly where: string;
  version(): Promise<string>;
  /** Position of the newest event of any stream, or of the newest one before a position; undefined for none. */
  newest(before?: ClusterPosition): Promise<ClusterPosition | undefined>;
  /**
   * Passes on a page of the stores' events, from a position on, inclusively, until `each` returns false. Resolves with whether nothing
   * follows. After it has settled, nothing is passed on.
   */
  page(from: ClusterPosition | undefined, each: (event: AllRecorded) => boolean): Promise<boolean>;
  /** The stores' events after a position. Errors arrive as faults. */
  subscribe(
    after: ClusterPosition | undefined,
    subscriber: Omit<Subscriber, 'failed'> & Failing,
  ): Promise<Subscription>;
  stream(store: string): Stream;
  close(): Promise<void>;
}

interface Failing {
  failed(fault: Fault): void;
}

interface AllStreamsOptions {
  readonly target: Target;
  readonly retry: RetryPolicy;
  readonly signal: AbortSignal;
}

export function openAllStreams({ target, retry, signal }: AllStreamsOptions): AllStreams {
  const where = `${target.shown}, $all`;
  const client = new ReconnectingClient({ url: target.url, where, timeout: retry.answer });
  const faultFor = async (error: unknown): Promise<Fault> => {
    if (isDenied(error)) return deniedFault(where, error);
    const meaning = meaningOf(error, where);
    if (meaning.kind === 'refused') return meaning.fault;
    return (await diagnose(target, where)) ?? unreachable(where, error);
  };
  const tried = async <T>(call: Parameters<typeof client.call<T>>[0]): Promise<T> => {
    try {
      return await orDiagnosed(client.call(call), { target, where, notice: retry.notice });
    } catch (error) {
      throw await faultFor(error);
    }
  };
  return {
    where,
    version: () => tried((connection) => connection.version()),
    newest: async (before) => {
      const page = { from: before ?? null, direction: 'backwards', count: 1 } as const;
      let newest: ClusterPosition | undefined;
      const found = ({ position }: AllRecorded) => {
        newest = position;
        return true;
      };
      await tried((connection) => connection.readAll(page, found));
      return newest;
    },
    page: async (from, each) => {
      const page = { from: from ?? null, direction: 'forwards', count: allPageSize, prefix: streamPrefix } as const;
      let [received, goesOn] = [0, true];
      const receive = (event: AllRecorded) => {
        if (!goesOn) return false;
        received += 1;
        goesOn = each(event);
        return goesOn;
      };
      try {
        await tried((connection) => connection.readAll(page, receive));
        return goesOn && received < allPageSize;
      } finally {
        // The client may go on with a call that was given up.
        goesOn = false;
      }
    },
    subscribe: (after, { failed, ...subscriber }) =>
      tried(async (connection) =>
        connection.subscribe(after, streamPrefix, {
          ...subscriber,
          failed: (error) => void faultFor(error).then(failed, () => failed(unreachable(where, error))),
        }),
      ),
    stream: (store) => openStream({ target, name: `${streamPrefix}${store}`, retry, client, signal }),
    close: () => client.close(),
  };
}

/** The client has one type of error for a wrong password and for missing rights. */
const isDenied = (error: unknown) => {
  const { type, code } = error as { readonly type?: string; readonly code?: unknown };
  return type === 'access-denied' || code === 7 || code === 16;
};

const deniedFault = (where: string, cause: unknown) =>
  new Fault(
    'unsupported',
    `${where}: the cluster refuses the user name or the password, or this user may not read all streams`,
    {
      hint: 'correct name:password@ in the connection string, or let the user read $all: put it into the group $admins, or into "$r" of "$acl" in the metadata of $all',
      cause,
    },
  );
