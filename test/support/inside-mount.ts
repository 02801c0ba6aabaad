import { mkdirSync, mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Mount } from '../../src/ports/volume-driver.ts';
import { run } from './run.ts';

/**
 * Runs a shell script in a directory on which a snapshot's mount is done, and resolves with what it printed. The mount
 * is in its own mount namespace and ends with the script. Rejects unless the script
 * succeeds. Lower directories are given relative to `snapshots`, as containerd does if there are many.
 */
export async function insideMount({ type, source, options }: Mount, script: string, snapshots = '/'): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'snapledger-inside-'));
  const place = join(folder, 'mounted');
  mkdirSync(place);
  const shortened = options.map((option) =>
    option.startsWith('lowerdir=') ? option.replaceAll(`${snapshots}/`, '') : option,
  );
  const steps = `set -e; cd "$0"; mount -t "$1" -o "$2" "$3" "$4"; cd "$4"; ${script}`;
  const kind = type === 'bind' ? 'none' : type;
  try {
    const shell = ['sh', '-c', steps, snapshots, kind, asBind(type, shortened), source, place];
    return (await run('unshare', ['--mount', ...shell])).stdout;
  } finally {
    rmdirSync(place);
    rmdirSync(folder);
  }
}

const asBind = (type: string, options: readonly string[]): string =>
  [...(type === 'bind' ? ['bind'] : []), ...options].join(',');
