import { setTimeout as sleep } from 'node:timers/promises';
import { errorText, Fault } from '../../../ports/fault.ts';
import { type Connection, meaningOf, type Page, type Proposal, type Recorded } from './connect.ts';
import type { Target } from './connection-string.ts';
import { diagnose, orDiagnosed } from './diagnose.ts';
import { ReconnectingClient } from './reconnecting-client.ts';

/** One stream of a cluster, over a connection that is opened again when it is lost. Every call has a time limit. */
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

interface StreamOptions {
  readonly target: Target;
  readonly name: string;
  readonly retry: RetryPolicy;
  /** the connection to use, which stays open; default: one of its own */
  readonly client?: ReconnectingClient;
  /** ends waiting for a cluster that does not answer */
  readonly signal?: AbortSignal | undefined;
  /** Called with the reason once a call waits for longer than `retry.notice`. */
  readonly onWait?: ((why: Fault) => void) | undefined;
}

/** Maximum pause between two tries, in milliseconds. */
export const maxPause = 1_000;

/** Calls reject with a Fault (`misuse`) for a string that the client does not accept. */
export function openStream({ target, name, retry, signal, onWait = () => {}, ...shared }: StreamOptions): Stream {
  const where = `${target.shown}, stream ${name}`;
  const client = shared.client ?? new ReconnectingClient({ url: target.url, where, timeout: retry.answer });
  const untilAnswered = async <T>(call: (connection: Connection) => Promise<T>) => {
    client.forgetError();
    return orDiagnosed(
      persist(() => client.call(call), { target, where, ...retry, signal }),
      {
        target,
        where,
        notice: retry.notice,
        onWait: (found) =>
          onWait(found ?? unreachable(where, client.lastError ?? new Error(`no answer within ${retry.notice} ms`))),
      },
    );
  };
  return {
    where,
    name,
    version: () => untilAnswered((connection) => connection.version()),
    append: async (events, expected) => {
      try {
        const last = await client.call((connection) => connection.append(name, events, expected));
        if (last !== (expected ?? -1) + events.length) throw unexpectedRevision(where, last);
        return 'written';
      } catch (error) {
        const meaning = meaningOf(error, where);
        if (meaning.kind === 'refused') throw meaning.fault;
        return meaning.kind === 'conflict' ? 'conflict' : { unknown: meaning.text };
      }
    },
    read: (page) => untilAnswered((connection) => connection.read(name, page)),
    readMetadata: () =>
      untilAnswered((connection) => connection.read(`$$${name}`, { from: null, direction: 'backwards', count: 1 })),
    close: async () => {
      if (shared.client === undefined) await client.close();
    },
  };
}

/** Repeats a call that changes nothing until it is answered, or `outcome` milliseconds have passed. */
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

export const unreachable = (where: string, cause: unknown) => {
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
