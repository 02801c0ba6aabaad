import type { Snapshots } from '../app/store/store.ts';
import type { Logger } from '../ports/logger.ts';
import type { StatusCode } from './status.ts';

/** Called for every answered call: its method, its status by name, and the seconds from arrival to answer. */
export type OnCall = (method: string, code: string, seconds: number) => void;

/** Counts the calls that are not answered yet. */
export interface CallWatch {
  /** The returned function must be called once, with the status of the answer. */
  begin(method: string): (code: StatusCode) => void;
  /** Resolves when no call is unanswered. */
  idle(): Promise<void>;
}

export function createCallWatch(onCall: OnCall = () => {}): CallWatch {
  let open = 0;
  let waiting: (() => void)[] = [];
  return {
    begin: (method) => {
      const started = performance.now();
      open += 1;
      return (code) => {
        onCall(method, code, (performance.now() - started) / 1000);
        open -= 1;
        if (open > 0) return;
        for (const resolve of waiting) resolve();
        waiting = [];
      };
    },
    idle: () => (open === 0 ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve))),
  };
}

/** What the calls work with. */
export interface GrpcDeps {
  readonly snapshots: Snapshots;
  readonly logger: Logger;
  readonly calls: CallWatch;
}
