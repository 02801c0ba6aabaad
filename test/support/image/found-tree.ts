import { lstatSync, readdirSync, readFileSync, readlinkSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { run } from '../run.ts';
import { contentDetail, type Inode, lineOf, type Tree } from './expected-tree.ts';

/** The tree below a directory as it is on disk; without the directory itself. */
export async function foundTree(root: string): Promise<Tree> {
  const capabilities = await capabilitiesBelow(root);
  const paths = readdirSync(root, { recursive: true, encoding: 'utf8' });
  const stats = new Map(paths.map((path) => [path, lstatSync(join(root, path))]));
  const names = new Map<number, string[]>();
  for (const [path, stat] of stats)
    if (!stat.isDirectory()) names.set(stat.ino, [...(names.get(stat.ino) ?? []), path]);
  return new Map(
    [...stats].map(([path, stat]) => [
      path,
      lineOf(inodeAt(join(root, path), stat, capabilities.get(path) ?? ''), names.get(stat.ino) ?? []),
    ]),
  );
}

function inodeAt(path: string, stat: Stats, capability: string): Inode {
  const { uid, gid } = stat;
  return { ...typeAndDetail(path, stat), mode: stat.mode & 0o7777, uid, gid, capability };
}

function typeAndDetail(path: string, stat: Stats): Pick<Inode, 'type' | 'detail'> {
  if (stat.isFile())
    return { type: 'file', detail: contentDetail(readFileSync(path), Math.floor(stat.mtimeMs / 1000)) };
  if (stat.isSymbolicLink()) return { type: 'symlink', detail: readlinkSync(path) };
  if (stat.isCharacterDevice()) return { type: 'device', detail: `${stat.rdev >> 8}:${stat.rdev & 0xff}` };
  return { type: stat.isFIFO() ? 'fifo' : 'directory', detail: '' };
}

/** The file capabilities below a directory in hex; Node has no call for extended attributes. */
async function capabilitiesBelow(root: string): Promise<ReadonlyMap<string, string>> {
  const wanted = '^security\\.capability$';
  const { stdout } = await run('getfattr', [
    '-R',
    '-P',
    '-h',
    '--absolute-names',
    '-m',
    wanted,
    '-e',
    'hex',
    '-d',
    root,
  ]);
  const found = stdout.matchAll(/^# file: (.*)\nsecurity\.capability=0x(.*)$/gm);
  return new Map([...found].map(([, path = '', value = '']) => [path.slice(root.length + 1), value]));
}
