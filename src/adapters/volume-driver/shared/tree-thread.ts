import { Worker } from 'node:worker_threads';
import { isErrno } from '../../../ports/errno.ts';
import { Fault, faultOf } from '../../../ports/fault.ts';
import { isHalted, type Usage } from '../../../ports/volume-driver.ts';
import { holdDirectory } from './exact-directory.ts';
import {
  namedPath,
  type TreeAnswer,
  type TreeError,
  type TreeJob,
  type TreeRequest,
  type TreeResponse,
} from './tree-job.ts';

/**
 * Walks directory trees on a thread of its own, so that a big one never holds up the event loop; several at the same time, the
 * smallest done first, so that a big one holds up no small one either.
 */
export interface TreeThread {
  /** After the signal the walk is left, and the promise rejected with its reason. */
  measure(path: string, signal?: AbortSignal): Promise<Usage>;
  /** Deletes whatever is at the path and resolves with the bytes freed. Refuses (`busy`) where something is mounted below it. */
  remove(path: string): Promise<number>;
  /** Ends the thread; what it has not finished, and what is asked for after that, is rejected (`stopped`). */
  close(): Promise<void>;
}

interface Waiting {
  readonly job: TreeJob;
  resolve(usage: Usage): void;
  reject(fault: unknown): void;
}

/** The program beside this file, compiled or not. */
const program = new URL(`./tree-worker.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url);

/**
 * The thread starts with the first job, and keeps the process alive only while it has one. It walks what is in the directory that is
 * at `below` now, until it is closed: a walk takes long, and another directory may be mounted over that path meanwhile.
 */
export function createTreeThread(below: string): TreeThread {
  const held = holdDirectory(below);
  const inside = (path: string) => (path.startsWith(`${below}/`) ? held.path + path.slice(below.length) : path);
  let worker: Worker | undefined;
  let closing: Promise<void> | undefined;
  let last = 0;
  const waiting = new Map<number, Waiting>();
  const take = (id: number): Waiting | undefined => {
    const found = waiting.get(id);
    waiting.delete(id);
    if (waiting.size === 0) worker?.unref();
    return found;
  };
  const drop = (fault: Fault) => {
    worker = undefined;
    for (const id of waiting.keys()) take(id)?.reject(fault);
  };
  const start = (): Worker => {
    const started = new Worker(program);
    started.on('message', ({ id, answer }: TreeResponse) => {
      const ended = take(id);
      if (ended !== undefined) settle(ended, answer);
    });
    started.on('error', (error) => {
      if (worker === started) drop(faultOf(error, 'the thread that walks volumes'));
    });
    return started;
  };
  const send = (request: TreeRequest) => worker?.postMessage(request);
  const ask = (job: TreeJob, signal?: AbortSignal): Promise<Usage> =>
    new Promise((resolve, reject) => {
      if (closing !== undefined) return reject(isHalted());
      if (signal?.aborted === true) return reject(signal.reason);
      worker ??= start();
      if (waiting.size === 0) worker.ref();
      last += 1;
      const id = last;
      const leave = () => {
        take(id)?.reject(signal?.reason);
        send({ left: id });
      };
      const done = () => signal?.removeEventListener('abort', leave);
      signal?.addEventListener('abort', leave, { once: true });
      waiting.set(id, {
        job,
        resolve: (usage) => {
          done();
          resolve(usage);
        },
        reject: (fault) => {
          done();
          reject(fault);
        },
      });
      send({ id, job });
    });
  const close = async () => {
    const ending = worker;
    drop(isHalted());
    await ending?.terminate();
    held.close();
  };
  return {
    measure: (path, signal) => ask({ deed: 'measure', path: inside(path) }, signal),
    remove: async (path) => (await ask({ deed: 'remove', path: inside(path) })).bytes,
    close: () => {
      closing ??= close();
      return closing;
    },
  };
}

function settle({ job, resolve, reject }: Waiting, answer: TreeAnswer): void {
  if ('done' in answer) resolve(answer.done);
  else reject(faultFor(job, answer.failed));
}

function faultFor({ deed, path }: TreeJob, { errno, message }: TreeError): Fault {
  const what = `${deed} ${namedPath(path, path)}`;
  const cause = Object.assign(new Error(message), { errno });
  if (isErrno(cause, 'EBUSY'))
    return new Fault('busy', `${what}: ${message}`, { hint: 'unmount it; the deletion is tried again', cause });
  if (isErrno(cause, 'EPERM'))
    return faultOf(cause, what, 'lsattr shows whether it is immutable (chattr -i lifts that); the daemon must be root');
  return faultOf(cause, what);
}
