import { Worker } from 'node:worker_threads';
import { isErrno } from '../../../../ports/errno.ts';
import { Fault, faultOf } from '../../../../ports/fault.ts';
import { type Deferred, deferred, untilAborted } from '../../../../ports/promises.ts';
import { isHalted, type Usage } from '../../../../ports/volume-driver.ts';
import { workerProgram } from '../../../system/files.ts';
import { holdDirectory } from '../directories.ts';
import type { TreeError, TreeJob, TreeRequest, TreeResponse } from './tree-worker.ts';

/**
 * Walks directory trees on a thread of its own, so that a big one never blocks the event loop; several at the same time, the
 * smallest done first, so that a big one doesn't delay a small one either.
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

/**
 * The thread starts with the first job, and keeps the process alive only while it has one. Until it is closed it walks the
 * directory that is at `below` now: a walk takes long, and another directory may be mounted over that path meanwhile.
 */
export function createTreeThread(below: string): TreeThread {
  const held = holdDirectory(below);
  const waiting = new Map<number, Waiting>();
  let worker: Worker | undefined;
  let closing: Promise<void> | undefined;
  let last = 0;
  const take = (id: number): Waiting | undefined => {
    const found = waiting.get(id);
    waiting.delete(id);
    if (waiting.size === 0) worker?.unref();
    return found;
  };
  const fail = (fault: Fault) => {
    worker = undefined;
    for (const id of waiting.keys()) take(id)?.reject(fault);
  };
  const start = (): Worker => {
    const started = new Worker(program);
    started.on('message', ({ id, answer }: TreeResponse) => {
      const call = take(id);
      if ('done' in answer) call?.resolve(answer.done);
      else call?.reject(faultFor(call, answer.failed));
    });
    started.on('error', (error) => {
      if (worker === started) fail(faultOf(error, 'the thread that walks volumes'));
    });
    return started;
  };
  const send = (request: TreeRequest) => worker?.postMessage(request);
  const ask = async (operation: TreeJob['operation'], path: string, signal?: AbortSignal): Promise<Usage> => {
    if (closing !== undefined) throw isHalted();
    signal?.throwIfAborted();
    worker ??= start();
    if (waiting.size === 0) worker.ref();
    const id = ++last;
    const job = { operation, path: path.startsWith(`${below}/`) ? held.path + path.slice(below.length) : path };
    const call = { job, path, ...deferred<Usage>() };
    waiting.set(id, call);
    send({ id, job });
    try {
      return await untilAborted(call.promise, signal);
    } finally {
      // Only a call that was aborted still waits.
      if (take(id) !== undefined) send({ cancelled: id });
    }
  };
  const close = async () => {
    const ending = worker;
    fail(isHalted());
    await ending?.terminate();
    held.close();
  };
  return {
    measure: (path, signal) => ask('measure', path, signal),
    remove: async (path) => (await ask('remove', path)).bytes,
    close: () => {
      closing ??= close();
      return closing;
    },
  };
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
