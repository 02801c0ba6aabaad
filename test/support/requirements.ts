import { accessSync, constants, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, type Test } from 'uvu';

/** Why something can't be tested here, or undefined if it can. */
export type Missing = string | undefined;

export function requireRoot(): Missing {
  return process.geteuid?.() === 0 ? undefined : 'needs root';
}

/** A command on PATH, or the path of one. */
export function requireCommand(name: string): Missing {
  const folders = name.includes('/') ? [''] : (process.env.PATH ?? '').split(':');
  const found = folders.some((folder) => isExecutable(join(folder, name)));
  return found ? undefined : `needs the command ${name}`;
}

/** A file system that the kernel knows and that root can mount here. */
export function requireFileSystem(name: 'overlay' | 'ext4' | 'xfs' | 'btrfs'): Missing {
  if (!readFileSync('/proc/filesystems', 'utf8').split(/\s+/).includes(name)) return `needs the file system ${name}`;
  const root = requireRoot();
  return root === undefined ? undefined : `${root} to mount ${name}`;
}

/**
 * A suite whose tests run only if nothing is missing. Otherwise each of them is skipped with a line that says why. In CI the
 * runner fails the run, unless the reason is one of test/runner/allowed-skips.ts.
 */
export function suiteNeeding<Context = Record<string, never>>(
  name: string,
  ...needs: readonly Missing[]
): Test<Context> {
  const inner = suite<Context>(name);
  const missing = needs.find((need) => need !== undefined);
  if (missing === undefined) return inner;
  const put = (title: string) => {
    console.log(`SKIP ${name}: ${missing}`);
    inner.skip(title, () => {});
  };
  const nothing = () => {};
  const hooks = { before: nothing, after: nothing };
  return Object.assign(put, {
    only: put,
    skip: put,
    run: () => inner.run(),
    before: Object.assign(nothing, { each: nothing }),
    after: Object.assign(() => {}, { each: nothing }),
    hooks,
  }) as unknown as Test<Context>;
}

/** Defines a test for which the version of a peer may lack something. It is then skipped with a line that says so, with CI set, too. */
export function testUnless<Context>(
  test: Test<Context>,
  missing: Missing,
  ...[name, body]: Parameters<Test<Context>>
): void {
  if (missing !== undefined) console.log(`SKIP ${name}: ${missing}`);
  const define = missing === undefined ? test : test.skip;
  define(name, body);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
