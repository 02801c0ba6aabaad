import type { EventLog, LogPlace } from '../../../ports/event-log.ts';
import { Fault, faultOf } from '../../../ports/fault.ts';
import { checkPositions } from '../check-positions.ts';
import { createGroupCommit } from '../group-commit.ts';
import { appendSurely } from './append-surely.ts';
import { chunksOf } from './chunks.ts';
import { markAt } from './mark-at.ts';
import { readPages } from './pages.ts';
import type { Patience } from './patience.ts';
import type { Stream } from './stream.ts';
import { type Link, linked } from './wire.ts';

interface Parts {
  readonly stream: Stream;
  readonly genesis: string;
  readonly end: LogPlace;
  readonly patience: Patience;
  readonly onFlush: (records: number, bytes: number, seconds: number) => void;
}

/** The cluster refuses appends over 1 MiB, and an event with its envelope must fit into one. */
const largestEvent = 900_000;

/**
 * The log as a stream of a cluster: position is revision + 1. One append is in flight; what comes meanwhile shares the next.
 * There is no room to keep, so `no-space` never comes; any failure stops the log.
 */
export function createKurrentEventLog({ stream, genesis, end: opened, patience, onFlush }: Parts): EventLog {
  let end = opened;
  let durable = opened;
  let stopped: Fault | undefined;
  let closing: Promise<void> | undefined;

  const store = async (links: readonly Link[]) => {
    const began = performance.now();
    await appendSurely(stream, links, patience);
    durable = placeAfter(links, durable);
    const bytes = links.reduce((sum, link) => sum + link.bytes, 0);
    onFlush(links.length, bytes, (performance.now() - began) / 1000);
  };
  const commit = createGroupCommit<readonly Link[]>({
    store: async (batch) => {
      for (const chunk of chunksOf(batch.flat())) await store(chunk);
    },
    undo: async (error) => {
      stopped = faultOf(error, stream.where);
      return stopped;
    },
    rewind: () => {
      end = durable;
    },
  });
  const append: EventLog['append'] = (envelopes, { flush }) => {
    if (stopped !== undefined) throw noMore(stopped);
    checkPositions(envelopes, end.position);
    if (envelopes.length === 0) return Promise.resolve();
    const links = linked(envelopes, end.mark);
    for (const link of links) if (link.bytes > largestEvent) throw tooLarge(link);
    end = placeAfter(links, end);
    return commit.take(links, flush);
  };
  const close = async () => {
    stopped ??= new Fault('stopped', `${stream.where}: is closed`, { hint: 'open it again' });
    await commit.settled().catch(() => {});
    await stream.close();
  };
  return {
    get end() {
      return end;
    },
    append,
    read: (after) => readPages(stream, after, genesis),
    markAt: (position) => markAt(stream, position, { genesis, end: durable }),
    settled: commit.settled,
    close: () => {
      closing ??= close();
      return closing;
    },
  };
}

const placeAfter = (links: readonly Link[], before: LogPlace): LogPlace => {
  const last = links.at(-1);
  return last === undefined ? before : { position: last.position, mark: last.mark };
};

const tooLarge = ({ position, bytes }: Link) =>
  new Fault('unsupported', `event ${position}: ${bytes} bytes are more than the cluster takes`, {
    hint: 'give the snapshot fewer or shorter labels',
  });

const noMore = (cause: Fault) =>
  new Fault('stopped', `the log takes no more events: ${cause.message}`, { hint: 'restart the daemon', cause });
