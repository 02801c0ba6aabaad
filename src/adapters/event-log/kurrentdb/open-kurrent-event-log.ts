import type { EventLog, LogOpening } from '../../../ports/event-log.ts';
import { Fault } from '../../../ports/fault.ts';
import { genesisHash } from './chain.ts';
import { readConnectionString } from './connection-string.ts';
import { createKurrentEventLog, goneBefore, largestEvent } from './kurrent-event-log.ts';
import { chainHashAt } from './mark-at.ts';
import { type Patience, patient } from './patience.ts';
import { readEnds } from './read-end.ts';
import { readPages } from './read-stream.ts';
import { openStream, type Stream } from './stream.ts';

export interface KurrentEventLogOptions {
  /** `kurrentdb://host:port?…` */
  readonly url: string;
  /** id of the store, which names the stream */
  readonly store: string;
  readonly patience?: Partial<Patience>;
  /** ends waiting for a cluster that does not answer */
  readonly signal?: AbortSignal;
  /** Told why opening the log takes longer than a moment. */
  readonly onWait?: (why: Fault) => void;
  /** bytes of an event's JSON over which it is refused at once, 900,000 unless set; what the cluster refuses comes back as `too-large` too */
  readonly largest?: number;
  /** Told of every append that succeeded: events, bytes and seconds. */
  readonly onFlush?: (records: number, bytes: number, seconds: number) => void;
}

/** The stream of a store. Its name has no second dash before the id: the cluster ends a category at the first one. */
export const streamName = (store: string) => `snapledger-${store}`;

/**
 * Opens a store's stream for writing; the first append makes it. Rejects with a Fault: `misuse` for a wrong string, `unsupported`
 * where the cluster is too old or does not let us in, `corrupt` for a stream that holds another history or was deleted, `io`
 * where nobody answers in time.
 */
export async function openKurrentEventLog(options: KurrentEventLogOptions): Promise<LogOpening> {
  const { url, store, largest = largestEvent, onFlush = () => {} } = options;
  const { stream, genesis, ends, patience } = await opened(options);
  const brief = { ...patience, answer: Math.min(patience.answer, looking), outcome: 0 };
  const watched = openStream({ target: readConnectionString(url), name: streamName(store), patience: brief });
  return {
    store,
    torn: null,
    log: createKurrentEventLog({ stream, watched, genesis, ends, patience, largest, onFlush }),
  };
}

/** Milliseconds for each answer of a look at an open stream. */
const looking = 2_000;

/** A store's stream that is only looked at, as far as it went when it was opened. */
export async function readKurrentStream(
  options: Pick<KurrentEventLogOptions, 'url' | 'store' | 'patience' | 'signal'>,
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
  const patience = { ...patient, ...options.patience };
  const stream = openStream({ target: readConnectionString(url), name: streamName(store), patience, signal, onWait });
  try {
    await checkVersion(stream);
    const genesis = genesisHash(store);
    return { stream, genesis, ends: await readEnds(stream, genesis), patience };
  } catch (error) {
    await stream.close();
    throw error;
  }
}

/** The first one that takes many events in one message and knows repetitions there. */
const oldest = [21, 10] as const;

async function checkVersion(stream: Stream): Promise<void> {
  const version = await stream.version();
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > oldest[0] || (major === oldest[0] && minor >= oldest[1])) return;
  throw new Fault(
    'unsupported',
    `${stream.where}: the cluster is too old: ${version === 'unknown' ? "it can't tell its version" : `version ${version}`}`,
    {
      hint: `upgrade it to ${oldest.join('.')} or newer; 23.10 is the one that is tested`,
    },
  );
}
