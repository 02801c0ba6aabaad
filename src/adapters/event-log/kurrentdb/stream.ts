import { setTimeout as sleep } from 'node:timers/promises';
import { errorText, Fault } from '../../../ports/fault.ts';
import { deferred, timedOut, withTimeout } from '../../../ports/promises.ts';
import { meaningOf } from './classify.ts';
import { type Connection, connect, type Page, type Proposal, type Recorded } from './connect.ts';
import type { Target } from './connection-string.ts';
import { diagnose } from './diagnose.ts';
import type { Patience } from './patience.ts';

/** One stream of a cluster, over connections that come and go. Everything ends in time. */
export interface Stream {
  /** cluster and stream, for messages */
  readonly where: string;
  readonly name: string;
  /** The server's version. Rejects with a Fault. */
  version(): Promise<string>;
  /** One append, tried once. */
  append(events: readonly Proposal[], expected: number | null): Promise<'written' | 'conflict' | Unknown>;
  /** A page, asked for again until it comes. Rejects with a Fault. */
  read(page: Page): Promise<readonly Recorded[]>;
  /** The event that holds the stream's newest metadata; none where it never had any. */
  readMetadata(): Promise<readonly Recorded[]>;
  close(): Promise<void>;
}

/** Nobody can say whether the append was carried out. */
export interface Unknown {
  readonly unknown: string;
}

export interface StreamOptions {
  readonly target: Target;
  readonly name: string;
  readonly patience: Patience;
  /** ends waiting for a cluster that does not answer */
  readonly signal?: AbortSignal | undefined;
  /** Told why a call waits, once it does so for longer than `patience.notice`. */
  readonly onWait?: ((why: Fault) => void) | undefined;
}

const longestPause = 1_000;

/** Rejects with a Fault (`misuse`) for a string that the client does not take. */
export function openStream({ target, name, patience, signal, onWait = () => {} }: StreamOptions): Stream {
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
  /** A client that was cut off or that nobody answered is given up: the next one finds the leader anew. */
  const drop = () => {
    void connection?.then((old) => old.close()).catch(() => {});
    connection = undefined;
  };
  const once = async <T>(call: (client: Connection) => Promise<T>): Promise<T> => {
    if (closed) throw new Fault('stopped', `${where}: is closed`, { hint: 'open it again' });
    try {
      // The client's own deadlines do not hold.
      const answer = await withTimeout(patience.answer, connected().then(call));
      if (answer === timedOut) throw new Error(`no answer within ${patience.answer} ms`);
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
      else onWait(found ?? unreachable(where, last ?? new Error(`no answer within ${patience.notice} ms`)));
    };
    last = undefined;
    const timer = setTimeout(explain, patience.notice);
    try {
      return await Promise.race([persist(() => once(call), { target, where, ...patience, signal }), refused]);
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
        if (last !== (expected ?? -1) + events.length) throw elsewhere(where, last);
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

/** Makes a call that changes nothing until it is answered or the time is over. */
async function persist<T>(
  call: () => Promise<T>,
  { target, where, outcome, pause, signal }: Patience & Pick<StreamOptions, 'signal' | 'target'> & { where: string },
): Promise<T> {
  const end = performance.now() + outcome;
  for (let wait = pause; ; wait = Math.min(wait * 2, longestPause)) {
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

/** The cluster takes "no stream" for true where the stream was deleted, and goes on numbering. */
const elsewhere = (where: string, revision: number) =>
  new Fault('corrupt', `${where}: the cluster has written at revision ${revision}: the stream was deleted before`, {
    hint: 'bring the stream back from a backup, or choose an empty root',
  });

const unreachable = (where: string, cause: unknown) => {
  const meaning = meaningOf(cause, where);
  return new Fault(
    'io',
    `${where}: no answer from the cluster: ${meaning.kind === 'unknown' ? meaning.text : errorText(cause)}`,
    {
      hint: 'look whether its nodes run, have a leader, and can be reached from here',
      cause,
    },
  );
};
