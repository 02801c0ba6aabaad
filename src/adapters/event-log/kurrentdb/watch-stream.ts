import type { LogPosition, LogTrouble } from '../../../ports/event-log.ts';
import { Fault, faultOf } from '../../../ports/fault.ts';
import { otherWriterFault } from './append-idempotent.ts';
import { deletedStream, expiredEvents, readSettings, type StreamSettings } from './read-stream.ts';
import type { Stream } from './stream.ts';

/** Trouble detected by a check of a stream; `stops` if only opening it again may help. */
export interface Trouble extends LogTrouble {
  readonly stops?: true;
}

interface WatchOptions {
  /** position of the first event that was shown when the stream was opened */
  readonly first: number;
  /** milliseconds between two checks */
  readonly every: number;
  /** as they were when the stream was opened */
  readonly settings: StreamSettings;
  /** The last durable event, whether an append is under way, and the position of this writer's own opening. */
  readonly written: () => LogPosition & { readonly busy: boolean; readonly opened: number };
  /** Called after each check. */
  readonly report: (trouble: Trouble | undefined) => void;
}

/** Checks an open stream periodically: the cluster does not report what happens to it. */
export function watchStream(stream: Stream, options: WatchOptions): { close(): Promise<void> } {
  const { every, report } = options;
  let closed = false;
  let timer: NodeJS.Timeout | undefined;
  const schedule = () => {
    if (closed) return;
    timer = setTimeout(check, every);
    timer.unref();
  };
  const check = async () => {
    const trouble = await checkStream(stream, options).catch(
      (error): Trouble => ({ fault: faultOf(error, stream.where), refuses: 'none' }),
    );
    if (!closed) report(trouble);
    schedule();
  };
  report(troubleOf(stream, options.settings));
  schedule();
  return {
    close: async () => {
      closed = true;
      clearTimeout(timer);
      await stream.close();
    },
  };
}

async function checkStream(stream: Stream, { first, written }: WatchOptions): Promise<Trouble | undefined> {
  const before = written();
  const settings = await readSettings(stream);
  const trouble = troubleOf(stream, settings);
  if (trouble !== undefined) return trouble;
  const [[last], [shown]] = await Promise.all([
    stream.read({ from: null, direction: 'backwards', count: 1 }),
    stream.read({ from: 0, direction: 'forwards', count: 1 }),
  ]);
  const now = written();
  // An append that ran meanwhile detects trouble itself.
  if (before.busy || now.busy || before.position !== now.position) return undefined;
  const end = last === undefined ? 0 : Number(last.revision) + 1;
  if (end > now.position)
    return { fault: await otherWriterFault(stream, now.position + 1, now.opened), refuses: 'all', stops: true };
  if (end < now.position) return { fault: lostEvents(stream, end, now.position), refuses: 'none' };
  const begins = shown === undefined ? 1 : Number(shown.revision) + 1;
  if (begins > first) {
    const fault = expiredEvents(stream, settings, `positions ${first} to ${begins - 1} are not shown any more`);
    return { fault, refuses: 'ordinary' };
  }
  return undefined;
}

/** The trouble that the stream's settings cause. */
function troubleOf(stream: Stream, settings: StreamSettings): Trouble | undefined {
  if (settings.deleted) return { fault: deletedStream(stream), refuses: 'all' };
  if (settings.expiring)
    return { fault: expiredEvents(stream, settings, 'what is written is not kept'), refuses: 'ordinary' };
  return undefined;
}

const lostEvents = ({ where }: Stream, shown: number, written: number) =>
  new Fault('corrupt', `${where}: the cluster shows ${shown} of ${written} events`, {
    hint: 'a new leader may know of fewer for a moment; if it persists, the cluster was restored from an older backup: restore the newer one',
  });
