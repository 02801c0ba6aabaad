import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from '../../ports/logger.ts';
import type { ConsoleJob, ConsoleThread } from '../threads/console-thread.ts';

/** The console on a daemon's own listener. Its code is loaded by the first request below `/console`. */
export interface DaemonConsole {
  /** Whether a request is one for the console, which then answers it. */
  pass(asked: IncomingMessage, response: ServerResponse): boolean;
  close(): Promise<void>;
}

const below = /^\/console(?:[/?]|$)/;

export function createDaemonConsole(job: ConsoleJob, logger: Logger): DaemonConsole {
  let loading: Promise<ConsoleThread> | undefined;
  const load = async () => {
    const { createConsoleThread } = await import('../threads/console-thread.ts');
    return createConsoleThread(job, logger);
  };
  return {
    pass: (asked, response) => {
      if (!below.test(asked.url ?? '')) return false;
      loading ??= load();
      loading
        .then(({ pass }) => pass(asked, response))
        .catch((error) => {
          logger.error({ err: error }, 'the console could not be loaded');
          response.destroy();
        });
      return true;
    },
    close: async () => (await loading?.catch(() => undefined))?.close(),
  };
}
