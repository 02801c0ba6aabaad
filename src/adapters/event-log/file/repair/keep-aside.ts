import { existsSync, linkSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import * as t from 'io-ts';
import { isErrno } from '../../../../ports/errno.ts';
import { Fault } from '../../../../ports/fault.ts';
import { replaceFile, syncDirectory } from '../../../system/files.ts';
import type { Damage } from '../format/damage.ts';

const Intent = t.type({ changed: t.array(t.string), made: t.array(t.string) }, 'Intent');

/** The files that a repair is about to change and to create, relative to the root. */
export type Intent = t.TypeOf<typeof Intent>;

const intentName = 'repair.json';

/** The suffix of the directory of damaged originals until the repair is done. */
const unfinishedSuffix = '.unfinished';
const unfinishedPattern = /^damaged-[0-9.-]+\.unfinished$/;

/** An unused name for the originals that a repair at a position keeps. */
export function asideName(directory: string, position: number): string {
  for (let n = 1; ; n++) {
    const name = `damaged-${position}${n === 1 ? '' : `-${n}`}`;
    if (!existsSync(join(directory, name))) return name;
  }
}

/**
 * Keeps the files that are about to change, as hard links, which fit on a full disk; resolves with their directory once they
 * are on stable storage. From then until `finish` the log is under repair, and nothing else opens it.
 */
export async function keepAside(root: string, name: string, intent: Intent): Promise<string> {
  const directory = join(root, 'log', `${name}${unfinishedSuffix}`);
  mkdirSync(directory, { mode: 0o700 });
  for (const file of intent.changed) linkSync(join(root, file), join(directory, basename(file)));
  await syncDirectory(directory);
  await replaceFile(join(directory, intentName), (handle) => handle.writeFile(`${JSON.stringify(intent)}\n`));
  await syncDirectory(join(root, 'log'));
  return directory;
}

/** The repair is done: the originals get their final name. */
export async function finish(root: string, name: string): Promise<void> {
  const kept = join(root, 'log', name);
  renameSync(`${kept}${unfinishedSuffix}`, kept);
  await syncDirectory(join(root, 'log'));
}

/** Rolls back a repair that was interrupted. Resolves with whether there was one. */
export async function rollBack(root: string): Promise<boolean> {
  const directory = unfinishedRepair(join(root, 'log'));
  if (directory === undefined) return false;
  const intent = readIntent(join(directory, intentName));
  for (const file of intent.made) rmSync(join(root, file), { force: true });
  for (const file of intent.changed) putBack(join(directory, basename(file)), join(root, file));
  await syncDirectory(join(root, 'log'));
  if (existsSync(join(root, 'checkpoints'))) await syncDirectory(join(root, 'checkpoints'));
  // Every file in it is under its old name again.
  rmSync(directory, { recursive: true });
  await syncDirectory(join(root, 'log'));
  return true;
}

/** The directory of an interrupted repair, if there is one. */
export function unfinishedRepair(directory: string): string | undefined {
  try {
    const name = readdirSync(directory).find((candidate) => unfinishedPattern.test(candidate));
    return name === undefined ? undefined : join(directory, name);
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
}

/** A log with an interrupted repair must not be read or written. */
export function unfinishedDamage(directory: string): Damage | undefined {
  const file = unfinishedRepair(directory);
  if (file === undefined) return undefined;
  return { file, offset: 0, position: 0, what: 'a repair was interrupted: run it again', broken: false };
}

/** Without a whole intent nothing had been changed yet. */
function readIntent(file: string): Intent {
  if (!existsSync(file)) return { changed: [], made: [] };
  const intent: unknown = JSON.parse(readFileSync(file, 'utf8'));
  if (Intent.is(intent)) return intent;
  throw new Fault('corrupt', `${file}: is not what a repair has written`, {
    hint: 'put the files beside it back by hand',
  });
}

function putBack(kept: string, file: string): void {
  if (statSync(file, { throwIfNoEntry: false })?.ino === statSync(kept).ino) return;
  rmSync(`${file}.new`, { force: true });
  linkSync(kept, `${file}.new`);
  renameSync(`${file}.new`, file);
}
