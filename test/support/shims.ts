import { readdirSync, readFileSync } from 'node:fs';

/** Kills the containers of a namespace that outlived their containerd, and their shims; nothing else does. */
export const killContainersOf = (namespace: string): void => killShims('-namespace', namespace);

/** The same for all shims of the containerd with a socket. */
export const killShimsOf = (address: string): void => killShims('-address', address);

function killShims(flag: string, value: string): void {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
  for (const shim of all.filter((pid) => isShim(pid, flag, value))) {
    for (const container of all.filter((pid) => parentOf(pid) === shim)) kill(container);
    kill(shim);
  }
}

const isShim = (pid: number, flag: string, value: string) => {
  const [command = '', ...args] = read(pid, 'cmdline').split('\0');
  return command.includes('containerd-shim') && args[args.indexOf(flag) + 1] === value;
};

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
