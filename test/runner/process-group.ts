import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** Whether all processes of a group are gone within some seconds: an ending child may take a moment, on a busy machine more. */
export async function groupEnds(group: number, seconds: number): Promise<boolean> {
  for (let i = 0; i < seconds * 20; i++) {
    if (membersOf(group).length === 0) return true;
    await sleep(50);
  }
  return false;
}

/** Kills the rest of a group. */
export function killGroup(group: number): void {
  try {
    process.kill(-group, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** The living processes of a group, without zombies, which kill(2) counts. */
export function membersOf(group: number): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      const [state, , itsGroup] = statOf(pid);
      return Number(itsGroup) === group && state !== 'Z' && state !== 'X';
    });
}

let reported = 0;

/** Seconds of processor time of the children that have ended since the last call, and of those that they waited for. */
export function cpuOfChildren(): number {
  const ticks = statOf(process.pid)
    .slice(13, 15)
    .reduce((all, each) => all + Number(each), 0);
  const seconds = ticks / 100 - reported;
  reported = ticks / 100;
  return seconds;
}

/** The fields of /proc/PID/stat from the third (state) on; none if the process is gone. */
function statOf(pid: number): readonly string[] {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return [];
  }
}
