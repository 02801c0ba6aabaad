import { resolve } from 'node:path';

/** A server of the snapshots API that tests can start: the daemon of this project, or another for comparison. */
export interface Server {
  readonly name: string;
  /** of snapledger */
  readonly driver?: string;
  /** the command line that serves a root on a socket, in the foreground */
  command(root: string, socket: string): readonly [string, ...string[]];
  /** the command line that checks a root and exits with 0 if all is well, if the server has one */
  verify?(root: string): readonly [string, ...string[]];
}

/** The daemon as it ships; DAEMON names another build of it. */
export const daemonFile = resolve(process.env.DAEMON ?? 'dist/bin/snapledger.cjs');

/**
 * The daemon of this project with one of its drivers, without retention unless the flags say otherwise. SERVER_UNDER_TEST, a command line as a JSON list with the words
 * ROOT and SOCKET in it, puts another server in its place.
 */
export function serverUnderTest(driver: string, flags: readonly string[] = ['--no-retention']): Server {
  const other = process.env.SERVER_UNDER_TEST;
  if (other !== undefined) return otherServer(JSON.parse(other) as [string, ...string[]]);
  return {
    name: `snapledger with ${driver}`,
    driver,
    command: (root, socket) => [
      process.execPath,
      daemonFile,
      'serve',
      ...['--root', root],
      ...['--address', socket],
      ...['--driver', driver],
      ...flags,
    ],
    verify: (root) => [process.execPath, daemonFile, 'verify', '--root', root],
  };
}

/** A server by its command line, with the words ROOT and SOCKET in it. */
export function otherServer(words: readonly [string, ...string[]]): Server {
  const [command, ...args] = words;
  return {
    name: command,
    command: (root, socket) => [
      command,
      ...args.map((word) => word.replace('ROOT', () => root).replace('SOCKET', () => socket)),
    ],
  };
}
