import { setTimeout as sleep } from 'node:timers/promises';
import { errorText, Fault } from '../../../ports/fault.ts';
import { meaningOf } from './classify.ts';
import { type Connection, connect, type Page, type Proposal, type Recorded } from './connect.ts';
import type { Target } from './connection-string.ts';
import type { Patience } from './patience.ts';
import { within } from './within.ts';

/** One stream of a cluster, over connections that come and go. Everything ends in time. */
export interface Stream {
  /** cluster and stream, for messages */
  readonly where: string;
  /** The server's version. Rejects with a Fault. */
  version(): Promise<string>;
  /** One append, tried once. */
  append(events: readonly Proposal[], expected: number | null): Promise<'written' | 'conflict' | Unknown>;
  /** A page, asked for again until it comes. Rejects with a Fault. */
  read(page: Page): Promise<readonly Recorded[]>;
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
}

const longestPause = 1_000;

/** Rejects with a Fault (`misuse`) for a string that the client does not take. */
export function openStream({ target, name, patience, signal }: StreamOptions): Stream {
  const where = `${target.shown}, stream ${name}`;
  let connection: Promise<Connection> | undefined;
  let closed = false;
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
      return await within(patience.answer, connected().then(call));
    } catch (error) {
      if (meaningOf(error, where).kind === 'unknown') drop();
      throw error;
    }
  };
  const untilAnswered = <T>(call: (client: Connection) => Promise<T>) =>
    persist(() => once(call), where, { ...patience, signal });
  return {
    where,
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
    close: async () => {
      closed = true;
      await connection?.then((client) => client.close()).catch(() => {});
    },
  };
}

/** Makes a call that changes nothing until it is answered or the time is over. */
async function persist<T>(
  call: () => Promise<T>,
  where: string,
  { outcome, pause, signal }: Patience & Pick<StreamOptions, 'signal'>,
): Promise<T> {
  const end = performance.now() + outcome;
  for (let wait = pause; ; wait = Math.min(wait * 2, longestPause)) {
    try {
      return await call();
    } catch (error) {
      const meaning = meaningOf(error, where);
      if (meaning.kind === 'refused') throw meaning.fault;
      if (signal?.aborted === true || performance.now() + wait > end) throw unreachable(where, error);
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
