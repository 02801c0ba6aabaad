import { Worker } from 'node:worker_threads';
import { isErrno } from '../../../../ports/errno.ts';
import { Fault, faultOf } from '../../../../ports/fault.ts';
import { type Deferred, deferred, untilAborted } from '../../../../ports/promises.ts';
import { isHalted, type Usage } from '../../../../ports/volume-driver.ts';
import { workerProgram } from '../../../system/files.ts';
import { holdDirectory } from '../directories.ts';
import type { TreeError, TreeJob, TreeRequest, TreeResponse } from './tree-worker.ts';

/**
 * Walks directory trees on a thread of its own, so that a big one never blocks the event loop. Walks several at the same time
 * and completes the smallest first, so that a big one doesn't delay a small one.
 */
export interface TreeThread {
  /** The signal ends the walk, and the promise rejects with its reason. */
  measure(path: string, signal?: AbortSignal): Promise<Usage>;
  /** Deletes whatever is at the path and resolves with the bytes freed. Refuses (`busy`) if something is mounted below it. */
  remove(path: string): Promise<number>;
  /** Ends the thread; unfinished and later calls reject (`stopped`). */
  close(): Promise<void>;
}

interface Waiting extends Deferred<Usage> {
  readonly job: TreeJob;
  /** the path as the caller named it */
  readonly path: string;
}

/** The program beside this file, compiled or not. */
const program = workerProgram(import.meta.url, 'tree-worker');

/** jobs of one thread beside which the next one is started */
const enoughJobs = 8;

/**
 * Until the thread is closed it walks the directory that is at `below` now: a walk takes long, and another directory may be
 * mounted over that path meanwhile. With several threads, the later ones are started when there are many jobs: some file systems
 * let each deletion wait for the disk (ext4 without a journal, mounted with `discard`).
 */
export function createTreeThread(below: string, count = 1): TreeThread {
  const held = holdDirectory(below);
  const threads = Array.from({ length: count }, () => new JobThread());
  const nextThread = () =>
    threads.find(({ jobs }) => jobs < enoughJobs) ??
    threads.reduce((least, one) => (one.jobs < least.jobs ? one : least));
  let closing: Promise<void> | undefined;
  const run = async (operation: TreeJob['operation'], path: string, signal?: AbortSignal): Promise<Usage> => {
    if (closing !== undefined) throw isHalted();
    const heldPath = path.startsWith(`${below}/`) ? held.path + path.slice(below.length) : path;
    return nextThread().run({ operation, path: heldPath }, path, signal);
  };
  const close = async () => {
    await Promise.all(threads.map((thread) => thread.end(isHalted())));
    held.close();
  };
  return {
    measure: (path, signal) => run('measure', path, signal),
    remove: async (path) => (await run('remove', path)).bytes,
    close: () => {
      closing ??= close();
      return closing;
    },
  };
}

/** A thread and its unfinished jobs. It starts with the first job, and keeps the process alive only while it has one. */
class JobThread {
  readonly #waiting = new Map<number, Waiting>();
  readonly #outgoing: TreeRequest[] = [];
  #worker: Worker | undefined;
  #lastId = 0;

  get jobs(): number {
    return this.#waiting.size;
  }

  /** `path` is the one that the caller named, for messages. */
  async run(job: TreeJob, path: string, signal?: AbortSignal): Promise<Usage> {
    signal?.throwIfAborted();
    this.#worker ??= this.#start();
    if (this.#waiting.size === 0) this.#worker.ref();
    const id = ++this.#lastId;
    const call = { job, path, ...deferred<Usage>() };
    this.#waiting.set(id, call);
    this.#send({ id, job });
    try {
      return await untilAborted(call.promise, signal);
    } finally {
      // Only a call that was aborted still waits.
      if (this.#take(id) !== undefined) this.#send({ cancelled: id });
    }
  }

  /** Rejects unfinished jobs with the fault and terminates the thread. */
  async end(fault: Fault): Promise<void> {
    const ending = this.#worker;
    this.#fail(fault);
    await ending?.terminate();
  }

  #start(): Worker {
    const worker = new Worker(program);
    worker.on('message', (responses: readonly TreeResponse[]) => {
      for (const { id, result } of responses) {
        const call = this.#take(id);
        if ('done' in result) call?.resolve(result.done);
        else call?.reject(faultFor(call, result.failed));
      }
    });
    worker.on('error', (error) => {
      if (this.#worker === worker) this.#fail(faultOf(error, 'the thread that walks volumes'));
    });
    return worker;
  }

  /** Requests of one turn of the event loop are one message. */
  #send(request: TreeRequest): void {
    if (this.#outgoing.length === 0)
      setImmediate(() => {
        const requests = this.#outgoing.splice(0);
        this.#worker?.postMessage(requests);
      });
    this.#outgoing.push(request);
  }

  #take(id: number): Waiting | undefined {
    const found = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (this.#waiting.size === 0) this.#worker?.unref();
    return found;
  }

  #fail(fault: Fault): void {
    this.#worker = undefined;
    for (const id of this.#waiting.keys()) this.#take(id)?.reject(fault);
  }
}

function faultFor({ job: { operation }, path }: Waiting, { errno, message }: TreeError): Fault {
  const what = `${operation} ${path}`;
  const cause = Object.assign(new Error(message), { errno });
  if (isErrno(cause, 'EBUSY'))
    return new Fault('busy', `${what}: ${message}`, { hint: 'unmount it; the deletion is tried again', cause });
  if (isErrno(cause, 'EPERM'))
    return faultOf(cause, what, 'lsattr shows whether it is immutable (chattr -i lifts that); the daemon must be root');
  return faultOf(cause, what);
}
