import { errorText } from '../../ports/fault.ts';
import type { BackgroundContext } from './pipeline.ts';

/** Periodic work with no hurry. */
export interface Maintenance {
  /** Resolves when what is under way has ended. */
  close(): Promise<void>;
}

interface Context extends Pick<BackgroundContext, 'pipelines' | 'logger'> {
  readonly work: () => Promise<void>;
  /** events between two times */
  readonly every: number;
}

/** A start has other things to do first: milliseconds. */
const pause = 1_000;

/** Works soon and again every so many events, never twice at a time. A failure is logged, and the work repeated at its next time. */
export function createMaintenance({ pipelines, work, logger, every }: Context): Maintenance {
  let underWay: Promise<void> | undefined;
  const begin = () => {
    underWay ??= work()
      .catch((error) =>
        logger.warn({ error: errorText(error) }, 'maintenance of the log failed: queries of the history take longer'),
      )
      .finally(() => {
        underWay = undefined;
      });
  };
  const timer = setTimeout(begin, pause);
  const pipeline = pipelines.start({
    name: 'maintenance',
    handle: (envelopes) => {
      if (envelopes.some(({ position }) => position % every === 0)) begin();
    },
  });
  return {
    close: async () => {
      clearTimeout(timer);
      pipeline.close();
      await underWay;
    },
  };
}
