import { readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { type Suite, suiteOf, suites } from './suites.ts';

export interface TestFile {
  readonly suite: Suite;
  /** relative to the project's root, as `test/x.test.ts` */
  readonly source: string;
  readonly compiled: string;
}

/** Every source file below a folder, sorted; paths begin with the folder. */
export function sourcesBelow(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.c?ts$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** The test files among sources, in the order of the suites. */
export function testFiles(sources: readonly string[]): readonly TestFile[] {
  const found = sources.filter((source) => source.endsWith('.test.ts')).map(asTestFile);
  return suites.flatMap((suite) => found.filter((file) => file.suite === suite));
}

/** Where the compiler put the whole tree, this file with it. */
const build = relative(process.cwd(), join(import.meta.dirname, '..', '..'));

function asTestFile(source: string): TestFile {
  return { suite: suiteOf(source), source, compiled: join(build, source.replace(/\.ts$/, '.js')) };
}
