import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { removeTraces } from '../support/containerd.ts';
import { createLoop } from '../support/loop.ts';
import { unmountBelow } from '../support/mounts.ts';
import { type Missing, requireCommand, requireFileSystem, requireRoot } from '../support/requirements.ts';
import { type Finished, run } from '../support/run.ts';
import type { Sandbox } from '../support/sandbox.ts';
import { waitFor } from '../support/wait-for.ts';

/** A Debian system with systemd, made of this machine's own files, without Node and without settings of containerd. */
export interface Machine {
  /** its root directory */
  readonly path: string;
  /** Runs a command in it; rejects on a status other than 0. */
  run(...command: readonly [string, ...string[]]): Promise<string>;
  /** The same for any status. */
  attempt(...command: readonly [string, ...string[]]): Promise<Finished>;
  /** Makes starts of a service wait until the result is called. */
  holdStart(service: string): Promise<() => Promise<void>>;
}

export const needs = (): readonly Missing[] => [
  requireRoot(),
  requireFileSystem('overlay'),
  requireFileSystem('ext4'),
  existsSync('/lib/systemd/systemd') ? undefined : 'needs the package systemd',
  ...['containerd', 'ctr', 'runc', 'busybox', 'dpkg-shlibdeps', 'strip'].map(requireCommand),
];

/** Starts a machine. What it changes is in a file system of its own, and ends with the sandbox, as all its processes do. */
export async function startMachine(sandbox: Sandbox, name = `snapledger-test-${process.pid}`): Promise<Machine> {
  const path = layOut(sandbox);
  const log = join(sandbox.path, 'machine.log');
  const fd = openSync(log, 'a');
  const child = spawn('sh', ['test/package/boot', path, name], { stdio: ['ignore', fd, fd] });
  closeSync(fd);
  const exit = once(child, 'exit');
  const init = () => Number(readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8'));
  sandbox.atEnd(async () => {
    if (child.exitCode === null) process.kill(init() || (child.pid ?? 0), 'SIGKILL');
    await exit;
    await removeTraces(name);
  });
  const within = (command: readonly string[]) =>
    ['-t', String(init()), '-m', '-p', '-i', '-u', '-C', '-r', '-w', 'env', '-i', variables, ...command] as const;
  const attempt = (...command: readonly string[]) => run('nsenter', within(command), { anyStatus: true });
  await waitFor('systemd to start', async () => {
    if (child.exitCode !== null) throw new Error(`systemd ended:\n${readFileSync(log, 'utf8')}`);
    return /running|degraded/.test((await attempt('systemctl', 'is-system-running')).stdout);
  });
  const command: Machine['run'] = async (...words) => (await run('nsenter', within(words))).stdout;
  return { path, attempt, run: command, holdStart: (service) => holdStart(path, command, service) };
}

async function holdStart(path: string, command: Machine['run'], service: string): Promise<() => Promise<void>> {
  const folder = join(path, `etc/systemd/system/${service}.service.d`);
  const held = join(path, 'run/held');
  mkdirSync(folder);
  writeFileSync(held, '');
  const wait = "[Service]\nExecStartPre=/bin/sh -c 'while test -e /run/held; do sleep 0.1; done'\n";
  writeFileSync(join(folder, 'held.conf'), wait);
  await command('systemctl', 'daemon-reload');
  return async () => {
    rmSync(folder, { recursive: true });
    rmSync(held);
    await command('systemctl', 'daemon-reload');
  };
}

const variables = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** The directory of a machine: a writable layer over this machine's root. */
function layOut(sandbox: Sandbox): string {
  const loop = createLoop('ext4', { megabytes: 1536 });
  sandbox.atEnd(loop.end);
  const path = sandbox.folder('machine');
  sandbox.atEnd(() => unmountBelow(sandbox.path));
  const [upper, work, store, containerd] = ['upper', 'work', 'store', 'containerd'].map((name) => {
    mkdirSync(join(loop.path, name));
    return join(loop.path, name);
  });
  const mount = (...args: readonly string[]) => execFileSync('mount', args);
  mount('-t', 'overlay', 'overlay', '-o', `lowerdir=/,upperdir=${upper},workdir=${work}`, path);
  for (const name of ['run', 'tmp']) mount('-t', 'tmpfs', '-o', 'mode=755', 'tmpfs', join(path, name));
  // An overlay file system can't hold the upper directories of another.
  for (const [from = '', to] of [
    [store, 'var/lib/snapledger'],
    [containerd, 'var/lib/containerd'],
  ] as const) {
    mkdirSync(join(path, to), { recursive: true });
    mount('--bind', from, join(path, to));
  }
  for (const name of [process.execPath, '/usr/sbin/policy-rc.d', '/etc/containerd', '/etc/snapledger'])
    rmSync(join(path, name), { recursive: true, force: true });
  return path;
}
