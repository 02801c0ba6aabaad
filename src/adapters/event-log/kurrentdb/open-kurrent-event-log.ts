import type { EventLog, LogOpening } from '../../../ports/event-log.ts';
import { Fault } from '../../../ports/fault.ts';
import { readConnectionString } from './connection-string.ts';
import { createKurrentEventLog, goneBefore, largestEvent } from './kurrent-event-log.ts';
import { chainHashAt, readEnds, readPages } from './read-stream.ts';
import { defaultRetryPolicy, openStream, type RetryPolicy, type Stream } from './stream.ts';
import { genesisHash } from './wire.ts';

export interface KurrentEventLogOptions {
  /** `kurrentdb://host:port?…` */
  readonly url: string;
  /** id of the store, which names the stream */
  readonly store: string;
  readonly retry?: Partial<RetryPolicy>;
  /** ends waiting for a cluster that does not answer */
  readonly signal?: AbortSignal;
  /** Called with the reason why opening the log takes long. */
  readonly onWait?: (why: Fault) => void;
  /** bytes of an event's JSON over which it is refused, 900,000 by default; also `too-large` if the cluster refuses it */
  readonly largest?: number;
  /** Called after every append that succeeded: events, bytes and seconds. */
  readonly onFlush?: (records: number, bytes: number, seconds: number) => void;
}

/** The stream of a store. Its name has no second dash before the id: the cluster ends a category at the first one. */
const streamName = (store: string) => `snapledger-${store}`;

/**
 * Opens a store's stream for writing; the first append makes it. Rejects with a Fault: `misuse` for a wrong string, `unsupported`
 * if the cluster is too old or refuses access, `corrupt` for a stream that holds another history or was deleted, `io`
 * if there is no answer in time.
 */
export async function openKurrentEventLog(options: KurrentEventLogOptions): Promise<LogOpening> {
  const { url, store, largest = largestEvent, onFlush = () => {} } = options;
  const { stream, genesis, ends, retry } = await opened(options);
  const brief = { ...retry, answer: Math.min(retry.answer, checkTimeout), outcome: 0 };
  const watched = openStream({ target: readConnectionString(url), name: streamName(store), retry: brief });
  return {
    store,
    torn: null,
    log: createKurrentEventLog({ stream, watched, genesis, ends, retry, largest, onFlush }),
  };
}

/** Milliseconds for each answer in a check of an open stream. */
const checkTimeout = 2_000;

/** A store's stream opened for reading, up to its end at that moment. */
export async function readKurrentStream(
  options: Pick<KurrentEventLogOptions, 'url' | 'store' | 'retry' | 'signal'>,
): Promise<Pick<EventLog, 'end' | 'gone' | 'read' | 'chainHashAt' | 'close'>> {
  const { stream, genesis, ends } = await opened(options);
  const { end, first } = ends;
  return {
    end,
    ...goneBefore(stream, ends),
    read: (after) => readPages(stream, after, { genesis, first }),
    chainHashAt: (position) => chainHashAt(stream, position, { genesis, first, end }),
    close: stream.close,
  };
}

async function opened({ url, store, signal, onWait, ...options }: KurrentEventLogOptions) {
  const retry = { ...defaultRetryPolicy, ...options.retry };
  const stream = openStream({ target: readConnectionString(url), name: streamName(store), retry, signal, onWait });
  try {
    await checkVersion(stream);
    const genesis = genesisHash(store);
    return { stream, genesis, ends: await readEnds(stream, genesis), retry };
  } catch (error) {
    await stream.close();
    throw error;
  }
}

/** The first one that takes many events in one message and knows repetitions there. */
const oldest = [21, 10] as const;

/** Throws `unsupported` for a cluster that is too old. */
export async function checkVersion(stream: Pick<Stream, 'version' | 'where'>): Promise<void> {
  const version = await stream.version();
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > oldest[0] || (major === oldest[0] && minor >= oldest[1])) return;
  throw new Fault(
    'unsupported',
    `${stream.where}: the cluster is too old: ${version === 'unknown' ? 'it does not report its version' : `version ${version}`}`,
    {
      hint: `upgrade it to ${oldest.join('.')} or newer; 23.10 is the one that is tested`,
    },
  );
}

/** The result of verifying every event of a stream. */
interface StreamInspection {
  readonly records: number;
  /** the last whole event's position */
  readonly position: number;
  readonly damage: readonly { readonly text: string; readonly hint: string }[];
}

/** Reads a store's whole stream and checks that each event is as it was written and follows from the one before. */
export async function inspectStream(
  options: Pick<KurrentEventLogOptions, 'url' | 'store'>,
  signal?: AbortSignal,
): Promise<StreamInspection> {
  let position = 0;
  try {
    const stream = await readKurrentStream(options);
    try {
      for await (const page of stream.read(0)) {
        signal?.throwIfAborted();
        position = page.at(-1)?.position ?? position;
      }
      if (stream.gone !== undefined) {
        const { message: text, hint } = stream.gone.fault;
        return { records: position - stream.gone.upTo, position, damage: [{ text, hint }] };
      }
    } finally {
      await stream.close();
    }
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== 'corrupt') throw error;
    return { records: position, position, damage: [{ text: error.message, hint: error.hint }] };
  }
  return { records: position, position, damage: [] };
}
