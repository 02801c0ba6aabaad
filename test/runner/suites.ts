import { readdirSync } from 'node:fs';
import { join, relative } from 'node:path';

/** A kind of test: which files it has, how many of them run at once, and how long one of them may take. */
export interface Suite {
  readonly name: string;
  /** matches the paths of its files below test/; the first suite of the table that matches has a file */
  readonly files: RegExp;
  readonly width: number;
  readonly limitSeconds: number;
  /** matches the paths of those that run a second time, on the newer Node */
  readonly newerNode: RegExp;
  /** whether coverage is measured while it runs */
  readonly covered: boolean;
  /** whether it needs the program, which `npm run test:quick` does not build */
  readonly needsProgram: boolean;
}

const all = /^/;
const none = /$^/;
const inProcess = { width: 4, limitSeconds: 600, newerNode: all, covered: true, needsProgram: false };
const onSystem = { width: 2, limitSeconds: 900, newerNode: none, covered: false, needsProgram: true };

/** All suites. The slowest files start first. */
export const suites: readonly Suite[] = [
  { name: 'fault', files: /^fault\//, ...onSystem, width: 3 },
  { name: 'e2e', files: /^e2e\//, ...onSystem },
  { name: 'console', files: /^console\/page\//, ...onSystem },
  { name: 'package', files: /^package\//, ...onSystem },
  { name: 'conformance', files: /^conformance\//, ...onSystem },
  {
    name: 'program',
    files: /^(cli\/[^/]+|maintenance\/.+|operations\/.+|index|package)\.test\.ts$/,
    ...onSystem,
    width: 4,
    newerNode: /^(cli\/serve|package)\.test\.ts$/,
  },
  // Like `program`, but measured: the threshold of coverage counts what these programs run.
  { name: 'commands', files: /^console\/command\//, ...inProcess, needsProgram: true },
  { name: 'adapters', files: /^adapters\//, ...inProcess, needsProgram: true },
  { name: 'property', files: /^property\//, ...inProcess, newerNode: none },
  { name: 'golden', files: /^golden\//, ...inProcess, newerNode: none },
  { name: 'architecture', files: /^architecture/, ...inProcess, newerNode: none },
  { name: 'unit', files: all, ...inProcess },
];

export interface TestFile {
  readonly suite: Suite;
  /** relative to the project's root, as `test/x.test.ts` */
  readonly source: string;
  readonly compiled: string;
}

/** Every TypeScript source below a folder, sorted; paths start with the folder. */
export function sourcesBelow(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.c?tsx?$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** The test files among sources, in the order of the suites. */
export function testFiles(sources: readonly string[]): readonly TestFile[] {
  const files = sources.filter((source) => source.endsWith('.test.ts')).map(testFile);
  return suites.flatMap((suite) => files.filter((file) => file.suite === suite));
}

/** The folder that the compiler puts the tree in, this file with it. */
const build = relative(process.cwd(), join(import.meta.dirname, '..', '..'));

function testFile(source: string): TestFile {
  const suite = suites.find(({ files }) => files.test(source.replace(/^test\//, '')));
  if (suite === undefined) throw new TypeError(`${source} is in no suite`);
  return { suite, source, compiled: join(build, source.replace(/\.ts$/, '.js')) };
}
