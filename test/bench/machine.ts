import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, release, tmpdir, totalmem } from 'node:os';

/** The machine that something was measured on, in one line. */
export function describeMachine(): string {
  const memory = Math.round(totalmem() / 2 ** 30);
  const name = /^PRETTY_NAME="(.*)"$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'Linux';
  const parts = [
    `${availableParallelism()} x ${cpus()[0]?.model.trim() ?? 'unknown processor'}`,
    `${memory} GiB`,
    `${name}, Linux ${release().split('-')[0]}`,
    `roots on ${fileSystemOf(tmpdir())}, xfs and btrfs on loop devices there`,
    `Node ${process.version}`,
    `containerd ${versionOf('containerd')}`,
  ];
  return parts.join('; ');
}

/** The processor time that a process has used so far, with all its threads, in milliseconds. In steps of 10. */
export function processorTime(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

const fileSystemOf = (path: string) =>
  execFileSync('stat', ['--file-system', '--format=%T', path], { encoding: 'utf8' })
    .trim()
    .replace('ext2/ext3', 'ext4');

const versionOf = (program: string) =>
  execFileSync(program, ['--version'], { encoding: 'utf8' }).split(/\s+/)[2] ?? 'of unknown version';
