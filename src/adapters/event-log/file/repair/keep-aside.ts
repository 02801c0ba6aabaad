import { existsSync, linkSync, mkdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import * as t from 'io-ts';
import { Fault } from '../../../../ports/fault.ts';
import { syncDirectory } from '../../../system/files.ts';
import { unfinishedRepair, unfinishedSuffix } from './unfinished-repair.ts';
import { writeFileDurably } from './write-file-durably.ts';

const Intent = t.type({ changed: t.array(t.string), made: t.array(t.string) }, 'Intent');

/** What a repair is about to do to files, named relative to the root. */
export type Intent = t.TypeOf<typeof Intent>;

const intentName = 'repair.json';

/** A name of its own for what a repair at a position keeps aside. */
export function asideName(directory: string, position: number): string {
  for (let n = 1; ; n++) {
    const name = `damaged-${position}${n === 1 ? '' : `-${n}`}`;
    if (!existsSync(join(directory, name))) return name;
  }
}

/**
 * Keeps the files that are about to change: hard links, so that even a full disk has room for them, on stable storage
 * when this resolves. From then until `finish` the log is under repair, and nothing else opens it.
 */
export async function keepAside(root: string, name: string, intent: Intent): Promise<void> {
  const directory = join(root, 'log', `${name}${unfinishedSuffix}`);
  mkdirSync(directory, { mode: 0o700 });
  for (const file of intent.changed) linkSync(join(root, file), join(directory, basename(file)));
  await syncDirectory(directory);
  await writeFileDurably(join(directory, intentName), [`${JSON.stringify(intent)}\n`]);
  await syncDirectory(join(root, 'log'));
}

/** The repair is done: what it kept aside gets its name. */
export async function finish(root: string, name: string): Promise<void> {
  const kept = join(root, 'log', name);
  renameSync(`${kept}${unfinishedSuffix}`, kept);
  await syncDirectory(join(root, 'log'));
}

/** Makes everything again as it was before a repair that was interrupted. Answers whether there was one. */
export async function takeBack(root: string): Promise<boolean> {
  const directory = unfinishedRepair(join(root, 'log'));
  if (directory === undefined) return false;
  const intent = readIntent(join(directory, intentName));
  for (const file of intent.made) rmSync(join(root, file), { force: true });
  for (const file of intent.changed) putBack(join(directory, basename(file)), join(root, file));
  await syncDirectory(join(root, 'log'));
  if (existsSync(join(root, 'checkpoints'))) await syncDirectory(join(root, 'checkpoints'));
  // Every file in it is in its old place again, under its old name.
  rmSync(directory, { recursive: true });
  await syncDirectory(join(root, 'log'));
  return true;
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
