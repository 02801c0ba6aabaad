import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** Kills the containers of a namespace that outlived their containerd, and their shims with their sockets; nothing else does. */
export const killContainersOf = (namespace: string): void => killShims('-namespace', namespace);

/** The same for all shims of the containerd with a socket. */
export const killShimsOf = (address: string): void => killShims('-address', address);

function killShims(flag: string, value: string): void {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
  for (const shim of all.filter((pid) => isShim(pid, flag, value))) {
    for (const container of all.filter((pid) => parentOf(pid) === shim)) kill(container);
    const socket = socketOf(shim);
    kill(shim);
    rmSync(socket, { force: true });
  }
}

const isShim = (pid: number, flag: string, value: string) =>
  read(pid, 'cmdline').includes('containerd-shim') && flagOf(pid, flag) === value;

/** A shim's socket is named after containerd's address, the namespace and the shim's id. */
function socketOf(pid: number): string {
  const name = ['-address', '-namespace', '-id'].map((flag) => flagOf(pid, flag));
  return join(
    '/run/containerd/s',
    createHash('sha256')
      .update(join(...name))
      .digest('hex'),
  );
}

function flagOf(pid: number, flag: string): string {
  const args = read(pid, 'cmdline').split('\0');
  return args[args.indexOf(flag) + 1] ?? '';
}

const parentOf = (pid: number) => Number(/^PPid:\s+(\d+)$/m.exec(read(pid, 'status'))?.[1]);

function read(pid: number, name: 'cmdline' | 'status'): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8');
  } catch {
    return '';
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
