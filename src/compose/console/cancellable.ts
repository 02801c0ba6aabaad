import type { CliDeps } from '../../cli/cli-deps.ts';
import type { ReadableLog } from '../../ports/readable-log.ts';

type Reading = Pick<CliDeps, 'storeFiles' | 'inspectLog' | 'openScan' | 'openInspector'>;

/** The same readers of a store, which reject with the signal's reason soon after it. */
export function cancellable(deps: CliDeps, signal: AbortSignal): CliDeps {
  const checked = <A extends readonly unknown[], T>(call: (...args: A) => Promise<T>) => {
    return async (...args: A): Promise<T> => {
      signal.throwIfAborted();
      return call(...args);
    };
  };
  const reading: Reading = {
    storeFiles: (root) => {
      const files = deps.storeFiles(root);
      return { ...files, openLog: checked(async (known) => cancellableLog(await files.openLog(known), signal)) };
    },
    inspectLog: (root) => deps.inspectLog(root, signal),
    openScan: async (root, driver) => {
      const scan = await deps.openScan(root, driver);
      return {
        boot: scan.boot,
        occupies: (volume) => scan.occupies(volume),
        isPristine: (found) => scan.isPristine(found),
        scan: checked(() => scan.scan(signal)),
      };
    },
    openInspector: async (root, driver) => {
      const { relative, usage, altered } = await deps.openInspector(root, driver);
      return { relative, usage: checked(usage), altered: checked(altered) };
    },
  };
  return { ...deps, ...reading };
}

function cancellableLog(log: ReadableLog, signal: AbortSignal): ReadableLog {
  return {
    ...log,
    read: async function* (after, upTo) {
      for await (const batch of log.read(after, upTo)) {
        signal.throwIfAborted();
        yield batch;
      }
    },
  };
}
