import { setTimeout as sleep } from 'node:timers/promises';
import { errorText, Fault } from '../../../ports/fault.ts';
import { deferred, timedOut, withTimeout } from '../../../ports/promises.ts';
import { type Connection, connect, meaningOf, type Page, type Proposal, type Recorded } from './connect.ts';
import type { Target } from './connection-string.ts';
import { diagnose } from './diagnose.ts';

/** One stream of a cluster, over connections that come and go. Every call has a time limit. */
export interface Stream {
  /** cluster and stream, for messages */
  readonly where: string;
  readonly name: string;
  /** The server's version. Rejects with a Fault. */
  version(): Promise<string>;
  /** One append, tried once. */
  append(events: readonly Proposal[], expected: number | null): Promise<'written' | 'conflict' | Unknown>;
  /** Reads a page, with retries. Rejects with a Fault. */
  read(page: Page): Promise<readonly Recorded[]>;
  /** The event that holds the stream's newest metadata; empty if it never had any. */
  readMetadata(): Promise<readonly Recorded[]>;
  close(): Promise<void>;
}

/** It is unknown whether the append was carried out. */
export interface Unknown {
  readonly unknown: string;
}

export interface StreamOptions {
  readonly target: Target;
  readonly name: string;
  readonly retry: RetryPolicy;
  /** ends waiting for a cluster that does not answer */
  readonly signal?: AbortSignal | undefined;
  /** Called with the reason once a call waits for longer than `retry.notice`. */
  readonly onWait?: ((why: Fault) => void) | undefined;
}

/** Milliseconds between two tries at most. */
export const maxPause = 1_000;

/** Calls reject with a Fault (`misuse`) for a string that the client does not accept. */
export function openStream({ target, name, retry, signal, onWait = () => {} }: StreamOptions): Stream {
  const where = `${target.shown}, stream ${name}`;
  let connection: Promise<Connection> | undefined;
  let closed = false;
  let last: unknown;
  const connected = () => {
    connection ??= connect(target.url).catch((error) => {
      throw new Fault('misuse', `connection string of the cluster: ${errorText(error)}`, {
        hint: 'correct it',
        cause: error,
      });
    });
    return connection;
  };
  /** A client that was disconnected or got no answer is dropped: the next one finds the leader anew. */
  const drop = () => {
    void connection?.then((old) => old.close()).catch(() => {});
    connection = undefined;
  };
  const once = async <T>(call: (client: Connection) => Promise<T>): Promise<T> => {
    if (closed) throw new Fault('stopped', `${where}: is closed`, { hint: 'open it again' });
    try {
      // The client's own deadlines do not hold.
      const answer = await withTimeout(retry.answer, connected().then(call));
      if (answer === timedOut) throw new Error(`no answer within ${retry.answer} ms`);
      return answer;
    } catch (error) {
      last = error;
      if (meaningOf(error, where).kind === 'unknown') drop();
      throw error;
    }
  };
  const untilAnswered = async <T>(call: (client: Connection) => Promise<T>) => {
    const { promise: refused, reject: refuse } = deferred<never>();
    const explain = async () => {
      const found = await diagnose(target, where);
      if (found?.code === 'unsupported') refuse(found);
      else onWait(found ?? unreachable(where, last ?? new Error(`no answer within ${retry.notice} ms`)));
    };
    last = undefined;
    const timer = setTimeout(explain, retry.notice);
    try {
      return await Promise.race([persist(() => once(call), { target, where, ...retry, signal }), refused]);
    } finally {
      clearTimeout(timer);
    }
  };
  return {
    where,
    name,
    version: () => untilAnswered((client) => client.version()),
    append: async (events, expected) => {
      try {
        const last = await once((client) => client.append(name, events, expected));
        if (last !== (expected ?? -1) + events.length) throw unexpectedRevision(where, last);
        return 'written';
      } catch (error) {
        const meaning = meaningOf(error, where);
        if (meaning.kind === 'refused') throw meaning.fault;
        return meaning.kind === 'conflict' ? 'conflict' : { unknown: meaning.text };
      }
    },
    read: (page) => untilAnswered((client) => client.read(name, page)),
    readMetadata: () =>
      untilAnswered((client) => client.read(`$$${name}`, { from: null, direction: 'backwards', count: 1 })),
    close: async () => {
      closed = true;
      await connection?.then((client) => client.close()).catch(() => {});
    },
  };
}

/** Repeats a call that changes nothing until it is answered or the time is over. */
async function persist<T>(
  call: () => Promise<T>,
  { target, where, outcome, pause, signal }: RetryPolicy & Pick<StreamOptions, 'signal' | 'target'> & { where: string },
): Promise<T> {
  const end = performance.now() + outcome;
  for (let wait = pause; ; wait = Math.min(wait * 2, maxPause)) {
    try {
      return await call();
    } catch (error) {
      const meaning = meaningOf(error, where);
      if (meaning.kind === 'refused') throw meaning.fault;
      if (signal?.aborted === true || performance.now() + wait > end)
        throw (await diagnose(target, where)) ?? unreachable(where, error);
    }
    await sleep(wait, undefined, { signal }).catch(() => {});
  }
}

/** After a stream was deleted the cluster accepts "no stream", and continues its revisions. */
const unexpectedRevision = (where: string, revision: number) =>
  new Fault('corrupt', `${where}: the cluster has written at revision ${revision}: the stream was deleted before`, {
    hint: 'restore the stream from a backup, or choose an empty root',
  });

const unreachable = (where: string, cause: unknown) => {
  const meaning = meaningOf(cause, where);
  return new Fault(
    'io',
    `${where}: no answer from the cluster: ${meaning.kind === 'unknown' ? meaning.text : errorText(cause)}`,
    {
      hint: 'check that its nodes run, have a leader, and can be reached from here',
      cause,
    },
  );
};

/** Time limits and pauses, in milliseconds. */
export interface RetryPolicy {
  /** for one answer; the cluster's own write timeout is 2 s */
  readonly answer: number;
  /** in all, until a read without an answer fails, or an append that the cluster neither accepts nor shows; an election takes seconds */
  readonly outcome: number;
  /** in all, until an append without an answer fails; default never: it is sent again until the outcome is known */
  readonly unanswered: number;
  /** before the first retry; doubled each time, up to a second */
  readonly pause: number;
  /** until a call without an answer is reported as trouble */
  readonly notice: number;
  /** between two checks of an open stream */
  readonly check: number;
}

export const defaultRetryPolicy: RetryPolicy = {
  answer: 8_000,
  outcome: 30_000,
  unanswered: Number.POSITIVE_INFINITY,
  pause: 50,
  notice: 1_500,
  check: 3_000,
};
