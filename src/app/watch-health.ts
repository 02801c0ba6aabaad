import type { Logger } from '../ports/logger.ts';
import type { Health } from './store/journal.ts';

interface Context {
  readonly health: () => Health;
  /** looked at once more when this resolves */
  readonly stopped: Promise<unknown>;
  readonly logger: Logger;
  /** Called with what health checks are answered from now on. */
  readonly tell: (serving: boolean) => void;
}

/** milliseconds between two looks, so that an idle daemon notices too */
const pause = 1_000;

/** Looks every second whether the store takes changes, and reports each change of that. */
export function watchHealth({ health, stopped, logger, tell }: Context): { close(): void } {
  let known = '';
  let closed = false;
  const look = () => {
    const { serving, reason, fault } = health();
    if (closed || reason === known) return;
    if (serving) logger.warn({ was: known }, 'changes are taken again');
    else logger.error({ reason, hint: fault?.hint ?? 'restart the daemon' }, 'changes are refused, reads go on');
    known = reason;
    tell(serving);
  };
  const timer = setInterval(look, pause);
  timer.unref();
  void stopped.then(look);
  return {
    close: () => {
      closed = true;
      clearInterval(timer);
    },
  };
}
