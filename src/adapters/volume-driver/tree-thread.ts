import { Worker } from 'node:worker_threads';
import { isErrno } from '../../ports/errno.ts';
import { Fault, faultOf } from '../../ports/fault.ts';
import type { Usage } from '../../ports/volume-driver.ts';
import { holdDirectory } from './exact-directory.ts';
import { namedPath, type TreeAnswer, type TreeError, type TreeJob } from './tree-job.ts';

/** Walks directory trees on a thread of its own, one after the other, so that a big one never holds up the event loop. */
export interface TreeThread {
  measure(path: string): Promise<Usage>;
  /** Deletes whatever is at the path and resolves with the bytes freed. Refuses (`busy`) where something is mounted below it. */
  remove(path: string): Promise<number>;
  /** Ends the thread; what it has not finished is rejected (`stopped`). */
  close(): Promise<void>;
}

interface Waiting {
  readonly job: TreeJob;
  resolve(usage: Usage): void;
  reject(fault: Fault): void;
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
  const waiting: Waiting[] = [];
  const drop = (fault: Fault) => {
    worker = undefined;
    for (const { reject } of waiting.splice(0)) reject(fault);
  };
  const start = (): Worker => {
    const started = new Worker(program);
    started.on('message', (answer: TreeAnswer) => {
      if (worker !== started) return;
      const first = waiting.shift();
      if (waiting.length === 0) started.unref();
      if (first !== undefined) settle(first, answer);
    });
    started.on('error', (error) => {
      if (worker === started) drop(faultOf(error, 'the thread that walks volumes'));
    });
    return started;
  };
  const ask = (job: TreeJob): Promise<Usage> =>
    new Promise((resolve, reject) => {
      worker ??= start();
      if (waiting.length === 0) worker.ref();
      waiting.push({ job, resolve, reject });
      worker.postMessage(job);
    });
  return {
    measure: (path) => ask({ deed: 'measure', path: inside(path) }),
    remove: async (path) => (await ask({ deed: 'remove', path: inside(path) })).bytes,
    close: async () => {
      const ending = worker;
      drop(new Fault('stopped', 'the volume driver is closed', { hint: 'start the daemon again' }));
      await ending?.terminate();
      held.close();
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
