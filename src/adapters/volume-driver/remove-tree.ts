import { lstatSync, readdirSync, renameSync, rmdirSync, type Stats, unlinkSync } from 'node:fs';

const longestPath = 3000;
const attempts = 3;

interface Walk {
  readonly top: string;
  readonly left: Step[];
  freed: number;
  moved: number;
  failure: unknown;
}

/** A directory to empty (`tries` left) or, once emptied, to delete. */
interface Step {
  readonly path: string;
  readonly emptied: boolean;
  readonly tries: number;
}

/**
 * Deletes whatever is at a path, never following a symbolic link, and returns the bytes freed. What is not there is no
 * error. Where something can't be deleted the rest still goes, and the first error is thrown at the end. Sync: for a
 * worker thread. Names may be any bytes and paths of any length.
 */
export function removeTree(path: string | Buffer): number {
  const top = (typeof path === 'string' ? Buffer.from(path) : path).toString('latin1');
  const walk: Walk = { top, left: [], freed: 0, moved: 0, failure: undefined };
  removeEntry(walk, top);
  for (let step = walk.left.pop(); step !== undefined; step = walk.left.pop()) {
    const { path, emptied, tries } = step;
    if (emptied) attempt(walk, () => removeEmptied(walk, path, tries));
    else attempt(walk, () => emptyDirectory(walk, path, tries));
  }
  if (walk.failure !== undefined) throw walk.failure;
  return walk.freed;
}

function attempt(walk: Walk, deed: () => void): void {
  try {
    deed();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') walk.failure ??= error;
  }
}

function removeEntry(walk: Walk, path: string): void {
  attempt(walk, () => {
    const stats = lstatSync(raw(path));
    if (stats.isDirectory()) {
      walk.left.push({ path: withinReach(walk, path), emptied: false, tries: attempts });
      return;
    }
    unlinkSync(raw(path));
    walk.freed += freedBy(stats, 1);
  });
}

function emptyDirectory(walk: Walk, path: string, tries: number): void {
  walk.left.push({ path, emptied: true, tries });
  for (const name of readdirSync(raw(path), 'latin1')) removeEntry(walk, `${path}/${name}`);
}

/** A process that is still writing may have put something there in the meantime. */
function removeEmptied(walk: Walk, path: string, tries: number): void {
  const stats = lstatSync(raw(path));
  try {
    rmdirSync(raw(path));
    walk.freed += freedBy(stats, stats.nlink);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOTEMPTY') throw error;
    if (walk.failure !== undefined) return;
    if (tries === 0) throw error;
    walk.left.push({ path, emptied: false, tries: tries - 1 });
  }
}

/** A directory too deep for the kernel's limit of 4096 bytes a path is first moved up, to where all goes anyway. */
function withinReach(walk: Walk, path: string): string {
  if (path.length <= longestPath) return path;
  const higher = `${walk.top}/.too-deep-${process.pid}-${Date.now()}-${walk.moved++}`;
  renameSync(raw(path), raw(higher));
  return higher;
}

const raw = (path: string): Buffer => Buffer.from(path, 'latin1');

const freedBy = (stats: Stats, lastLinks: number): number => (stats.nlink === lastLinks ? stats.blocks * 512 : 0);
