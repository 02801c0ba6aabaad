import type { LogPosition, LogTrouble } from '../../../ports/event-log.ts';
import { Fault, faultOf } from '../../../ports/fault.ts';
import { anotherWriter } from './other-writer.ts';
import type { Stream } from './stream.ts';
import { deletedStream, expiredEvents, readSettings, type StreamSettings } from './stream-settings.ts';

/** What a look at a stream has found wrong; `stops` where only opening it again may help. */
export interface Trouble extends LogTrouble {
  readonly stops?: true;
}

interface WatchOptions {
  /** position of the first event that was shown when the stream was opened */
  readonly first: number;
  /** milliseconds between two looks */
  readonly every: number;
  /** as they were when the stream was opened */
  readonly settings: StreamSettings;
  /** The last durable event, whether an append is under way, and the position of this writer's own opening. */
  readonly place: () => LogPosition & { readonly busy: boolean; readonly opened: number };
  /** Told after each look. */
  readonly found: (trouble: Trouble | undefined) => void;
}

/** Looks at an open stream, again and again: what happens to it is not told by the cluster. */
export function watchStream(stream: Stream, options: WatchOptions): { close(): Promise<void> } {
  const { every, found } = options;
  let closed = false;
  let timer: NodeJS.Timeout | undefined;
  const later = () => {
    if (closed) return;
    timer = setTimeout(look, every);
    timer.unref();
  };
  const look = async () => {
    const trouble = await lookAt(stream, options).catch(
      (error): Trouble => ({ fault: faultOf(error, stream.where), refuses: 'none' }),
    );
    if (!closed) found(trouble);
    later();
  };
  found(troubleOf(stream, options.settings));
  later();
  return {
    close: async () => {
      closed = true;
      clearTimeout(timer);
      await stream.close();
    },
  };
}

async function lookAt(stream: Stream, { first, place }: WatchOptions): Promise<Trouble | undefined> {
  const before = place();
  const settings = await readSettings(stream);
  const trouble = troubleOf(stream, settings);
  if (trouble !== undefined) return trouble;
  const [[last], [shown]] = await Promise.all([
    stream.read({ from: null, direction: 'backwards', count: 1 }),
    stream.read({ from: 0, direction: 'forwards', count: 1 }),
  ]);
  const now = place();
  // What was written meanwhile is settled by its append.
  if (before.busy || now.busy || before.position !== now.position) return undefined;
  const end = last === undefined ? 0 : Number(last.revision) + 1;
  if (end > now.position)
    return { fault: await anotherWriter(stream, now.position + 1, now.opened), refuses: 'all', stops: true };
  if (end < now.position) return { fault: lostEvents(stream, end, now.position), refuses: 'none' };
  const begins = shown === undefined ? 1 : Number(shown.revision) + 1;
  if (begins > first) {
    const fault = expiredEvents(stream, settings, `positions ${first} to ${begins - 1} are not shown any more`);
    return { fault, refuses: 'ordinary' };
  }
  return undefined;
}

/** What the metadata alone tell. */
function troubleOf(stream: Stream, settings: StreamSettings): Trouble | undefined {
  if (settings.deleted) return { fault: deletedStream(stream), refuses: 'all' };
  if (settings.expiring)
    return { fault: expiredEvents(stream, settings, 'what is written is not kept'), refuses: 'ordinary' };
  return undefined;
}

const lostEvents = ({ where }: Stream, shown: number, written: number) =>
  new Fault('corrupt', `${where}: the cluster shows ${shown} of ${written} events`, {
    hint: 'a new leader may know of fewer for a moment; where it stays, the cluster was brought back from an older backup: bring the newer one back',
  });
