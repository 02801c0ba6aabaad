import type { Ballast } from '../../../ports/ballast.ts';
import type { EventLog, Gone, LogPosition } from '../../../ports/event-log.ts';
import { Fault, isTransient } from '../../../ports/fault.ts';
import { createAppend } from '../create-append.ts';
import { createGroupCommit } from '../group-commit.ts';
import { chainHashOf, type Segment } from './format/segment.ts';
import type { WritingOptions } from './format/writing-options.ts';
import { readEncodedEvents } from './read/read-encoded-events.ts';
import { readChainHash, readEvents } from './read/read-events.ts';
import type { ActiveSegment } from './write/active-segment.ts';
import { encodeBodies, formatTaken } from './write/format-pending.ts';
import { createRotation } from './write/rotation.ts';
import { createSegmentWriter, type Taken } from './write/segment-writer.ts';

/**
 * The log over segments that are verified, the last of them open for writing. Events get their place in the chain when
 * they are taken; everything else happens in batches behind that.
 */
export function createFileEventLog(
  segments: Segment[],
  active: ActiveSegment,
  options: WritingOptions,
  gone?: Gone,
): EventLog {
  const writer = createSegmentWriter(segments, active, options);
  const rotation = createRotation(active, options);
  let end = placeOf(active.segment);
  let stopped: Fault | undefined;
  let closing: Promise<void> | undefined;

  const commit = createGroupCommit<Taken>({
    store: writer.store,
    together: (first, item) => first.active === item.active,
    undo: async (error) => {
      const fault = await writer.undo(error);
      if (!isTransient(fault)) stopped = fault;
      return fault;
    },
    rewind: () => {
      rotation.rewind(writer.active);
      end = placeOf(writer.active.segment);
    },
  });
  const append: EventLog['append'] = (envelopes, { reserve = false, flush }) => {
    if (stopped !== undefined) throw noMore(stopped);
    const bodies = encodeBodies(envelopes);
    const target = rotation.target(end, reserve);
    const taken = formatTaken(target, bodies, reserve);
    demandRoom(taken, options.ballast);
    target.taken = taken.to;
    end = { position: taken.to.position, chainHash: taken.to.chain };
    return commit.take(taken, flush);
  };
  const close = async () => {
    stopped ??= new Fault('stopped', `log ${options.directory} is closed`, { hint: 'open it again' });
    await commit.settled().catch(() => {});
    rotation.rewind(writer.active);
    await writer.close();
  };
  return {
    get end() {
      return end;
    },
    gone,
    append: createAppend(() => end.position, append),
    read: (after) => readEvents(segments, after),
    readEncoded: (after) => readEncodedEvents(segments, after),
    chainHashAt: (position) => readChainHash(segments, position),
    settled: commit.settled,
    close: () => {
      closing ??= close();
      return closing;
    },
  };
}

/** Where ballast may be given up for it, a reserved append is taken all the same: writing it shows whether there is room. */
function demandRoom({ active, to, reserve }: Taken, ballast: Ballast | undefined): void {
  try {
    active.room.demand(to.offset, reserve);
  } catch (error) {
    if (!reserve || ballast === undefined) throw error;
  }
}

function placeOf({ end, header }: Segment): LogPosition {
  return { position: end.position, chainHash: chainHashOf(end, header) };
}

const noMore = (cause: Fault) =>
  new Fault('stopped', `the log takes no more events: ${cause.message}`, { hint: 'restart the daemon', cause });
