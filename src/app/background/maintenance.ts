import { errorText } from '../../ports/fault.ts';
import type { Logger } from '../../ports/logger.ts';
import type { Pipelines } from './pipeline.ts';

/** Work that is due now and then and that nobody waits for. */
export interface Maintenance {
  /** Resolves when what is under way has ended. */
  close(): Promise<void>;
}

interface Context {
  readonly pipelines: Pipelines;
  readonly work: () => Promise<void>;
  readonly logger: Logger;
  /** events between two times */
  readonly every: number;
}

/** A start has other things to do first: milliseconds. */
const pause = 1_000;

/** Does the work soon and again every so many events, never twice at a time; what fails is told and tried again. */
export function createMaintenance({ pipelines, work, logger, every }: Context): Maintenance {
  let underWay = Promise.resolve();
  let busy = false;
  const begin = () => {
    if (busy) return;
    busy = true;
    underWay = work()
      .catch((error) =>
        logger.warn(
          { error: errorText(error) },
          'maintenance of the log failed: queries of the history will take longer',
        ),
      )
      .finally(() => {
        busy = false;
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
