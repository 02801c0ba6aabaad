import type { Logger } from '../ports/logger.ts';
import type { Health } from './store/log-health.ts';

interface Context {
  readonly health: () => Health;
  /** health is checked once more when this resolves */
  readonly stopped: Promise<unknown>;
  readonly logger: Logger;
  /** called with the answer to health checks from now on */
  readonly report: (serving: boolean) => void;
}

/** milliseconds between two checks, so that an idle daemon notices too */
const pause = 1_000;

/** Checks every second whether the store accepts changes, logs and reports each change of that. */
export function watchHealth({ health, stopped, logger, report }: Context): { close(): void } {
  let known = '';
  let closed = false;
  const check = () => {
    const { serving, reason, fault } = health();
    if (closed || reason === known) return;
    if (serving) logger.warn({ was: known }, 'changes are accepted again');
    else logger.error({ reason, hint: fault?.hint ?? 'restart the daemon' }, 'changes are refused, reads go on');
    known = reason;
    report(serving);
  };
  const timer = setInterval(check, pause);
  timer.unref();
  void stopped.then(check);
  return {
    close: () => {
      closed = true;
      clearInterval(timer);
    },
  };
}
