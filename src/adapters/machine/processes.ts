import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import type { ProcessFacts } from '../../ports/machine-facts.ts';

/** The bit of CAP_SYS_ADMIN. Source: linux/capability.h. */
const sysAdmin = 21n;

/**
 * What /proc shows of a process; `root` is inspected at as the process sees it, `isInitial` judges its uid map. Throws the system's
 * error.
 */
export function processFacts(pid: number, root: string, isInitial: (uidMap: string) => boolean): ProcessFacts {
  const read = (name: string) => readFileSync(`/proc/${pid}/${name}`, 'utf8');
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(read('status'))?.[1] ?? '0';
  return {
    pid,
    args: argumentsOf(pid),
    ownMounts: orElse(() => readlinkSync(`/proc/${pid}/ns/mnt`) !== readlinkSync('/proc/1/ns/mnt'), undefined),
    initialUsers: isInitial(read('uid_map')),
    mayMount: ((BigInt(`0x${effective}`) >> sysAdmin) & 1n) === 1n,
    openFiles: limitOf(/^Max open files\s+(\S+)/m.exec(read('limits'))?.[1] ?? ''),
    tasks: leastTasks(read('cgroup')),
    label: orElse(() => read('attr/current').replace(/[\0\n]+$/, ''), '').replace(/^unconfined$/, ''),
    root: identity(`/proc/${pid}/root${root}`),
  };
}

/** Processes whose program has this name, the oldest first. Those that can't be read are left out. */
export function processesNamed(name: string): readonly number[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .filter((pid) => orElse(() => readFileSync(`/proc/${pid}/comm`, 'utf8').trim(), '') === name)
    .map(Number)
    .sort((a, b) => a - b);
}

/** The words of a process's command line; none if it is gone. */
export const argumentsOf = (pid: number): readonly string[] =>
  orElse(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1), []);

const limitOf = (text: string) => (text === 'unlimited' ? Number.POSITIVE_INFINITY : Number(text));

/** The least `pids.max` of a process's control group and those above it (version 2). */
function leastTasks(cgroup: string): number | undefined {
  const path = /^0::(\/.*)$/m.exec(cgroup)?.[1] ?? '/';
  const parts = path.split('/').filter(Boolean);
  const limits = parts.flatMap((_, at) => {
    const file = `/sys/fs/cgroup/${parts.slice(0, at + 1).join('/')}/pids.max`;
    const text = orElse(() => readFileSync(file, 'utf8').trim(), 'max');
    return text === 'max' ? [] : [Number(text)];
  });
  return limits.length === 0 ? undefined : Math.min(...limits);
}

function identity(path: string): string | undefined {
  const stat = orElse(() => statSync(path, { bigint: true }), undefined);
  return stat && `${stat.dev}:${stat.ino}`;
}

function orElse<T, U>(read: () => T, otherwise: U): T | U {
  try {
    return read();
  } catch {
    return otherwise;
  }
}
