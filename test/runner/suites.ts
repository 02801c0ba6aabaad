import { readdirSync } from 'node:fs';
import { join, relative } from 'node:path';

/** A kind of test: which files it has, how many of them run at once, and how long one of them may take. */
export interface Suite {
  readonly name: string;
  /** beginnings of paths below test/ */
  readonly claims: readonly string[];
  readonly width: number;
  readonly limitSeconds: number;
  /** beginnings of the paths below test/ that run a second time, on the newer Node */
  readonly newerNode: readonly string[];
  /** whether coverage is measured while it runs */
  readonly covered: boolean;
  /** runs only when asked for by name */
  readonly onRequest: boolean;
}

const inProcess = { width: 4, limitSeconds: 300, newerNode: [''], covered: true, onRequest: false };
const onSystem = { width: 2, limitSeconds: 900, newerNode: [], covered: false, onRequest: false };

/** All suites. Those whose files take longest begin first. */
export const suites: readonly Suite[] = [
  { name: 'fault', claims: ['fault/'], ...onSystem },
  { name: 'e2e', claims: ['e2e/'], ...onSystem },
  { name: 'conformance', claims: ['conformance/'], ...onSystem },
  { name: 'bench', claims: ['bench/'], ...onSystem, onRequest: true },
  {
    name: 'program',
    claims: ['cli/', 'maintenance/', 'operations/', 'index.test.ts', 'package.test.ts'],
    ...inProcess,
    newerNode: ['cli/serve.test.ts', 'package.test.ts'],
  },
  { name: 'adapters', claims: ['adapters/'], ...inProcess },
  { name: 'property', claims: ['property/'], ...inProcess },
  { name: 'golden', claims: ['golden/'], ...inProcess, newerNode: [] },
  { name: 'architecture', claims: ['architecture'], ...inProcess, newerNode: [] },
  { name: 'unit', claims: [''], ...inProcess },
];

export interface TestFile {
  readonly suite: Suite;
  /** relative to the project's root, as `test/x.test.ts` */
  readonly source: string;
  readonly compiled: string;
}

/** Every TypeScript source below a folder, sorted; paths begin with the folder. */
export function sourcesBelow(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.c?ts$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** The test files among sources, in the order of the suites. */
export function testFiles(sources: readonly string[]): readonly TestFile[] {
  const files = sources.filter((source) => source.endsWith('.test.ts')).map(testFile);
  return suites.flatMap((suite) => files.filter((file) => file.suite === suite));
}

/** Whether a test file is below one of some beginnings of paths. */
export const isBelow = (source: string, beginnings: readonly string[]): boolean =>
  beginnings.some((beginning) => source.startsWith(`test/${beginning}`));

/** The folder that the compiler puts the tree in, this file with it. */
const build = relative(process.cwd(), join(import.meta.dirname, '..', '..'));

function testFile(source: string): TestFile {
  const suite = suites.find(({ claims }) => isBelow(source, claims));
  if (suite === undefined) throw new TypeError(`no suite claims ${source}`);
  return { suite, source, compiled: join(build, source.replace(/\.ts$/, '.js')) };
}
