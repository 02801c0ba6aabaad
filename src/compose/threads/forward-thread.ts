import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { workerProgram } from '../../adapters/system/files.ts';
import { announceDurable } from '../../app/forward/forwarder.ts';
import { type ForwardStatus, notYet } from '../../app/forward/status.ts';
import type { Journal } from '../../app/store/journal.ts';
import { errorText } from '../../ports/fault.ts';
import type { Logger } from '../../ports/logger.ts';

/** What is forwarded where. */
export interface ForwardJob {
  readonly root: string;
  readonly store: string;
  /** connection string of the cluster */
  readonly url: string;
  /** patterns of labels that are left out */
  readonly omitLabels: readonly string[];
}

/** The forwarding of a daemon, on a thread of its own. */
export interface Forwarding {
  readonly status: ForwardStatus;
  /** Waits a moment for the last events to be sent, unless nothing is sent anyway, and ends the thread. */
  close(): Promise<void>;
}

/** The program beside this file, compiled or not. */
const forwarder = workerProgram(import.meta.url, 'forward-worker');

const lastMoment = 2_000;

export interface ThreadOptions {
  /** what the thread runs; `forward-worker.ts` unless said */
  readonly program?: URL;
  /** milliseconds between the death of a thread and the next one; 5 seconds unless said */
  readonly pause?: number;
}

/** Forwards a recovered journal's log. Whatever befalls the thread, the store goes on, and the thread is started again. */
export function startForwarding(
  job: ForwardJob,
  journal: Journal,
  logger: Logger,
  { program = forwarder, pause = 5_000 }: ThreadOptions = {},
): Forwarding {
  let status = notYet;
  let closed = false;
  let restart: NodeJS.Timeout | undefined;
  const change = (next: ForwardStatus) => {
    tellChange(logger, status, next);
    status = next;
  };
  const start = (): Worker => {
    const started = new Worker(program, { workerData: job });
    started.on('message', change);
    started.on('error', (error) => {
      if (closed) return;
      const failures = status.failures + 1;
      change({
        ...status,
        state: 'retrying',
        failures,
        error: `the thread ended: ${errorText(error)}`,
        hint: 'it is started again',
      });
      restart = setTimeout(() => {
        worker = start();
        worker.postMessage(journal.logPosition.position);
      }, pause);
    });
    return started;
  };
  let worker = start();
  const announcing = announceDurable(journal, (position) => worker.postMessage(position));
  return {
    get status() {
      return status;
    },
    close: async () => {
      announcing.close();
      const { position } = journal.logPosition;
      worker.postMessage(position);
      const end = performance.now() + lastMoment;
      while (status.state === 'forwarding' && status.position < position && performance.now() < end) await sleep(10);
      closed = true;
      clearTimeout(restart);
      await worker.terminate();
    },
  };
}

/** Tells of a new state, and of a new reason for an old one. */
function tellChange(logger: Logger, before: ForwardStatus, { state, position, error, hint }: ForwardStatus): void {
  if (state === before.state && error === before.error) return;
  if (state === 'forwarding') logger.info({ position }, 'events are forwarded');
  if (state === 'retrying') logger.warn({ position, error, hint }, 'forwarding failed, it is tried again');
  if (state === 'stopped') logger.error({ position, error, hint }, 'forwarding has stopped');
}
