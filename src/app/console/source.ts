import type { EventSource } from '../../ports/event-source.ts';
import type { StoreFiles } from '../../ports/store-files.ts';
import type { AuditSource } from '../queries/query.ts';
import { createFoldedEvents, type FoldedEvents } from './events/folded-events.ts';
import { createFlushTimes, type FlushHistogram, type FlushTimes } from './flushes.ts';
import { type Break, keepLog } from './kept-log.ts';
import { createLive, type DaemonState, type Live, type LiveContext } from './live.ts';
import { createGrowth, type GrowthOverTime } from './states/growth.ts';
import { createStates, type States } from './states/states.ts';

/** What the console's queries read: a store's files, and what is kept in memory of them. */
export interface ConsoleSource extends AuditSource {
  readonly states: States;
  readonly events: FoldedEvents;
  readonly growth: GrowthOverTime;
  readonly live: Live;
  readonly flushTimes: FlushTimes;
  /** Begins to read the log, before anybody asks. */
  warm(): void;
}

interface Context {
  readonly files: StoreFiles;
  readonly layers: AuditSource['layers'];
  readonly mounts: AuditSource['mounts'];
  /** the log is in files, and stays open between two questions; one in a cluster is opened for each */
  readonly keep: boolean;
  /** new events, over the files whose log stays open */
  readonly newEvents: (files: StoreFiles) => EventSource;
  readonly daemon: () => Promise<DaemonState>;
  /** undefined if no daemon is running */
  readonly flushes: () => Promise<FlushHistogram | undefined>;
  readonly pace?: LiveContext['pace'];
}

/** Keeps in memory what pages ask for again and again. What was kept is forgotten if the log turns out to be another one. */
export function createConsoleSource({
  files: given,
  keep,
  newEvents,
  daemon,
  flushes,
  pace,
  ...other
}: Context): ConsoleSource {
  const onBreak = (change: Break) => {
    for (const kept of [states, events, growth]) kept.clear();
    live.broken(change);
  };
  const files = keepLog(given, onBreak, keep);
  const states = createStates(files);
  const events = createFoldedEvents(files);
  const growth = createGrowth(files);
  const flushTimes = createFlushTimes(flushes);
  const live = createLive({
    files,
    columns: events.complete,
    source: newEvents(files),
    // Connected pages ask for it at an even pace.
    daemon: () => {
      void flushTimes.note();
      return daemon();
    },
    ...(pace && { pace }),
  });
  const { layers, mounts } = other;
  return {
    files: { ...files, stateAfter: states.after },
    ...{ layers, mounts, states, events, growth, live, flushTimes },
    // What fails is reported to who asks.
    warm: () => void events.complete().catch(() => {}),
  };
}
