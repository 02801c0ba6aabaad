import { join } from 'node:path';
import { importsOf, withoutComments } from './imports.ts';

/** The folder of the built program, as `daemonFile` of test/support/server.ts names it. */
const program = /\bdist\/bin\b/;

/**
 * How a test file comes to start the program: the sources from it, by their imports, to one that names a file of the build.
 * Empty if no such source is loaded. `read` returns a source by its path; imports of what it does not have are left out.
 */
export function pathToProgram(
  file: string,
  read: (path: string) => string | undefined,
  seen = new Set<string>(),
): readonly string[] {
  const source = seen.has(file) ? undefined : read(file);
  seen.add(file);
  if (source === undefined) return [];
  if (program.test(withoutComments(source))) return [file];
  for (const { from, typeOnly } of importsOf(source)) {
    const rest = typeOnly || !from.startsWith('.') ? [] : pathToProgram(join(file, '..', from), read, seen);
    if (rest.length > 0) return [file, ...rest];
  }
  return [];
}
