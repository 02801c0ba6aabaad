import { join } from 'node:path';
import { startDaemon } from '../../support/daemon.ts';
import { createLoop } from '../../support/loop.ts';
import { daemonFile } from '../../support/server.ts';
import type { Target } from '../load/load.ts';
import { rootFileSystem } from '../machine.ts';
import type { Bench } from '../workload.ts';

export type DriverName = 'overlay' | 'btrfs';

/** What stores lie on: the file system of the temporary directory, or a new one in a loop file. */
export type FileSystem = 'root' | 'ext4' | 'xfs' | 'btrfs';

/** `ext4 with a journal` */
export const describePlace = (on: FileSystem): string =>
  on === 'root' ? `the root (${rootFileSystem()})` : on === 'ext4' ? 'ext4 with a journal' : on;

/** A folder on such a file system, a new one for each call. The loop file is sparse. */
export function placeOn({ sandbox }: Pick<Bench, 'sandbox'>, on: FileSystem, megabytes = 2000): string {
  if (on === 'root') return sandbox.path;
  const loop = createLoop(on, { megabytes });
  sandbox.atEnd(loop.end);
  return loop.path;
}

interface Placed {
  readonly driver: DriverName;
  /** the parent directory of roots */
  readonly place: string;
  /** distinguishes servers of one kind */
  readonly name: string;
}

/** This project's daemon, by default the build of this tree. `flags` are added to `serve`. */
export function startOurs(
  { sandbox }: Pick<Bench, 'sandbox'>,
  { driver, place, name }: Placed,
  flags: readonly string[] = [],
  file = daemonFile,
): Promise<Target> {
  return started(sandbox, name, (root, socket) => [
    process.execPath,
    file,
    'serve',
    ...['--root', root, '--address', socket, '--driver', driver],
    ...flags,
  ])(place);
}

interface PeerPlaced extends Omit<Placed, 'name'> {
  /** Defers the removal of directories to Cleanup, as containerd sets it for its builtin overlayfs. */
  readonly asynchronous?: boolean;
}

/** containerd's own driver. When builds are compared: the other build, with `flags`. */
export function startPeer(bench: Bench, peer: PeerPlaced, flags: readonly string[] = []): Promise<Target> {
  const { sandbox, tools, baseline } = bench;
  const { driver, place, asynchronous = false } = peer;
  if (baseline !== undefined) return startOurs(bench, { driver, place, name: baseline.name }, flags, baseline.file);
  const kind = asynchronous ? `${driver}-asynchronous` : driver;
  return started(sandbox, 'containerd', (root, socket) => [tools.peer, kind, root, socket])(place);
}

/** A bare HTTP/2 server of Node, which answers with the bytes that a server has once given. */
export function startBare({ sandbox }: Pick<Bench, 'sandbox'>, origin: Target): Promise<Target> {
  const program = join(import.meta.dirname, 'bare-server.js');
  return started(sandbox, 'bare node:http2', (_, socket) => [process.execPath, program, origin.socket, socket])(
    sandbox.path,
  );
}

function started(
  sandbox: Bench['sandbox'],
  name: string,
  command: (root: string, socket: string) => readonly [string, ...string[]],
): (place: string) => Promise<Target> {
  return async (place) => {
    const file = name.replace(/[^A-Za-z0-9]+/g, '-');
    const socket = join(sandbox.path, `${file}-${performance.now().toFixed(0)}.sock`);
    const log = join(sandbox.path, `${file}.log`);
    const { pid } = await startDaemon({ command: command(join(place, file), socket), address: socket, log, sandbox });
    return { name, socket, pid };
  };
}
