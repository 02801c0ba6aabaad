import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism, cpus, release, tmpdir, totalmem } from 'node:os';
import { basename } from 'node:path';
import { containerdVersion } from '../support/containerd/tools.ts';

/** The machine that something was measured on, in one line. */
export function describeMachine(): string {
  const memory = Math.round(totalmem() / 2 ** 30);
  const name = /^PRETTY_NAME="(.*)"$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'Linux';
  const parts = [
    `${availableParallelism()} x ${cpus()[0]?.model.trim() ?? 'unknown processor'}`,
    `${memory} GiB`,
    `${name}, Linux ${release().split('-')[0]}`,
    `root on ${rootFileSystem()}`,
    `Node ${process.version}`,
    `containerd ${containerdVersion()}`,
  ];
  return parts.join('; ');
}

/** The file system of the temporary directory: `ext4 without a journal`, `xfs`. */
export function rootFileSystem(): string {
  const [type = '', device = ''] = execFileSync('findmnt', ['-nro', 'FSTYPE,SOURCE', '--target', tmpdir()], {
    encoding: 'utf8',
  })
    .trim()
    .split(' ');
  return type === 'ext4' && !hasJournal(device) ? 'ext4 without a journal' : type;
}

const hasJournal = (device: string) =>
  readdirSync('/proc/fs/jbd2').some((name) => name.startsWith(`${basename(device)}-`));

/** The processor time that a process has used so far, with all its threads, in milliseconds. In steps of 10. */
export function processorTime(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** Resident memory of a process in MiB: now, and at most so far. */
export function memoryOf(pid: number): { readonly resident: number; readonly peak: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const field = (name: string) =>
    Math.round(Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) / 1024);
  return { resident: field('VmRSS'), peak: field('VmHWM') };
}
