import { realpathSync } from 'node:fs';
import { isErrno, printedError } from '../../../ports/errno.ts';
import type { Usage } from '../../../ports/volume-driver.ts';
import { isVacant } from '../shared/exact-directory.ts';
import type { BtrfsCalls, SubvolumeInfo } from './btrfs-calls.ts';

/** Runs a command to its end; a failing status is an answer. */
export type RunCommand = (
  file: string,
  args: readonly string[],
) => Promise<{ readonly status: number; readonly output: string; readonly errors: string }>;

/** btrfs by its command: a process of some milliseconds for every call. */
export function createCommandBtrfsCalls(run: RunCommand): BtrfsCalls {
  const ask = (file: string, ...args: readonly string[]) => outputOf(run, file, args);
  const btrfs = async (...args: readonly string[]) => void (await ask('btrfs', ...args));
  const nested = (path: string) => nestedPaths(ask, path);
  const remove = async (path: string) => {
    try {
      await btrfs('subvolume', 'delete', path);
    } catch (error) {
      if (!isErrno(error, 'ENOTEMPTY')) throw error;
      // A read-only subvolume gives nothing away.
      await btrfs('property', 'set', '-ts', path, 'ro', 'false');
      for (const inside of await nested(path))
        await btrfs('property', 'set', '-ts', `${path}/${inside}`, 'ro', 'false');
      for (const inside of (await nested(path)).toReversed()) await btrfs('subvolume', 'delete', exact(path, inside));
      await btrfs('subvolume', 'delete', path);
    }
  };
  return {
    name: 'commands',
    create: (directory, name) => btrfs('subvolume', 'create', `${directory}/${name}`),
    snapshot: async (source, directory, name, { readOnly }) => {
      const place = `${directory}/${name}`;
      // The command makes it inside a directory that has the name already.
      if (!isVacant(place)) throw Object.assign(new Error(`${place}: is there already`), { code: 'EEXIST' });
      await btrfs('subvolume', 'snapshot', ...(readOnly ? ['-r'] : []), source, place);
    },
    remove: (directory, name) => remove(`${directory}/${name}`),
    setReadOnly: (path, readOnly) => btrfs('property', 'set', '-ts', path, 'ro', String(readOnly)),
    idOf: async (path) => Number(await ask('btrfs', 'inspect-internal', 'rootid', path)),
    info: async (path) => infoIn(await ask('btrfs', 'subvolume', 'show', path)),
    nested,
    deleted: async (path) => deletedIn(await ask('btrfs', 'subvolume', 'list', '-d', path)),
    sync: (path) => btrfs('filesystem', 'sync', path),
    writtenSince: async (path, transaction) =>
      usageIn(await ask('btrfs', 'subvolume', 'find-new', path, String(transaction + 1))),
  };
}

type Ask = (file: string, ...args: readonly string[]) => Promise<string>;

async function outputOf(run: RunCommand, file: string, args: readonly string[]): Promise<string> {
  const { status, output, errors } = await run(file, args);
  if (status === 0) return output;
  throw printedError(errors, `${[file, ...args].join(' ')}: ${errors.trim() || `exit status ${status}`}`);
}

/** `find` walks all files, so it is asked only where there is something to find. */
async function nestedPaths(ask: Ask, path: string): Promise<readonly string[]> {
  if ((await ask('btrfs', 'subvolume', 'list', '-o', path)) === '') return [];
  const found = await ask('find', path, '-mindepth', '1', '-type', 'd', '-inum', '256', '-print0');
  if (found.includes('\uFFFD')) throw new Error(`${path}: a subvolume inside has a name that is not UTF-8`);
  return found
    .split('\0')
    .filter((each) => each !== '')
    .map((each) => each.slice(path.length + 1));
}

/** The command follows symbolic links, which somebody may have put on the way in the meantime. */
function exact(path: string, inside: string): string {
  const place = `${path}/${inside}`;
  if (realpathSync(place) !== place) throw new Error(`${place}: is behind a symbolic link`);
  return place;
}

function infoIn(shown: string): SubvolumeInfo {
  const field = (name: string) => new RegExp(`^\\s*${name}:\\s*(.*)$`, 'm').exec(shown)?.[1] ?? '';
  return {
    id: Number(field('Subvolume ID')),
    generation: Number(field('Generation')),
    madeAt: Number(field('Gen at creation')),
    isSnapshot: field('Parent UUID') !== '-',
    uuid: field('UUID'),
    parentUuid: field('Parent UUID'),
  };
}

const deletedIn = (listed: string): readonly number[] =>
  [...listed.matchAll(/^ID (\d+) /gm)].map(([, id]) => Number(id));

const extentLine = /^inode (\d+) file offset \d+ len (\d+) disk start (\d+) /gm;

/** The command lists extents: an inode without any, such as a directory, is not counted. */
function usageIn(listed: string): Usage {
  const inodes = new Set<string>();
  const extents = new Map<string, number>();
  for (const [, inode = '', length, start = '0'] of listed.matchAll(extentLine)) {
    inodes.add(inode);
    if (start !== '0') extents.set(`${start}`, Math.max(Number(length), extents.get(start) ?? 0));
  }
  return { bytes: [...extents.values()].reduce((sum, length) => sum + length, 0), inodes: 1 + inodes.size };
}
