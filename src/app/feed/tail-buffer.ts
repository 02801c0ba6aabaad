import type { Envelope } from '../../../events/envelope.ts';
import type { Pipelines } from '../background/pipeline.ts';
import { Batch } from './batch.ts';
import { encodeEvents } from './read-encoded.ts';

/**
 * The newest durable events, encoded once for all readers and kept within bounds: who keeps up reads from here, who falls
 * behind reads the log. Handing on takes at most a sixtieth of the event loop's time, however many readers there are:
 * after each delivery the next one waits sixty times as long as that took.
 */
export interface LiveWindow {
  /** The position after which this holds, or will hold, every event. Grows. */
  readonly start: number;
  /** The batch with the event after a position, if that is here. */
  after(position: number): Batch | undefined;
  /** Calls back once, when there is more, or when nothing has come for the time of a heartbeat. Answers what takes that back. */
  wait(wake: (idle: boolean) => void): () => void;
  close(): void;
}

export interface WindowOptions {
  /** position after which it begins */
  readonly after: number;
  readonly pipelines: Pipelines;
  /** milliseconds without an event after which those who wait are woken all the same */
  readonly heartbeat: number;
}

const mostBytes = 4 * 1024 * 1024;
const mostEvents = 2_048;
const share = 60;
/** milliseconds between two deliveries */
const [shortestPause, longestPause] = [1, 250];

export function createLiveWindow({ after, pipelines, heartbeat }: WindowOptions): LiveWindow {
  let start = after;
  const batches: Batch[] = [];
  let bytes = 0;
  let pending: Envelope[] = [];
  let pause = shortestPause;
  let timer: NodeJS.Timeout | undefined;
  let waiting = new Set<(idle: boolean) => void>();

  const wakeAll = (idle: boolean) => {
    const woken = waiting;
    waiting = new Set();
    for (const wake of woken) wake(idle);
    beat.refresh();
  };
  const beat = setTimeout(() => wakeAll(true), heartbeat).unref();
  const encode = () => {
    for (const events of encodeEvents(pending)) {
      batches.push(new Batch(events));
      bytes += events.lines.length;
    }
    pending = [];
    while (bytes > mostBytes) {
      const oldest = batches.shift();
      bytes -= oldest?.lines.length ?? bytes;
      start = oldest?.last ?? start;
    }
  };
  const deliver = () => {
    timer = undefined;
    let began = 0;
    // Both in one turn of the loop, with all that the readers do in between: the second measures what the first has cost.
    setImmediate(() => {
      began = performance.now();
      encode();
      wakeAll(false);
    });
    setImmediate(() => {
      pause = Math.min(longestPause, Math.max(shortestPause, share * (performance.now() - began)));
    });
  };
  const pipeline = pipelines.start({
    name: 'live',
    after,
    handle: (envelopes) => {
      for (const envelope of envelopes) pending.push(envelope);
      if (pending.length >= mostEvents) encode();
      timer ??= setTimeout(deliver, pause);
    },
  });
  return {
    get start() {
      return start;
    },
    after: (position) => batches.find(({ first, last }) => first <= position + 1 && position < last),
    wait: (wake) => {
      waiting.add(wake);
      return () => waiting.delete(wake);
    },
    close: () => {
      pipeline.close();
      clearTimeout(timer);
      clearTimeout(beat);
      wakeAll(true);
      clearTimeout(beat);
    },
  };
}
