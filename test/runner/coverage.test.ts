import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { transformSync } from 'esbuild';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { run } from '../support/run.ts';
import { createSandbox } from '../support/sandbox.ts';
import { measureCoverage, percentage, tooLittle } from './coverage.ts';

const test = suite('runner: coverage');

test('accepts 85 % of all lines and every line of pure code', () => {
  const coverage = { 'events/a.ts': { total: 80, covered: 80 }, 'src/app/b.ts': { total: 20, covered: 5 } };
  assert.equal(tooLittle(coverage), []);
});

test('reports a pure file with a line that no test runs', () => {
  const coverage = { 'src/domain/a.ts': { total: 200, covered: 199 }, 'projections/b.ts': { total: 9, covered: 9 } };
  assert.equal(tooLittle(coverage), ['tests cover 199 of 200 lines of src/domain/a.ts, pure code: all are required']);
});

test('requires 85 % of all lines', () => {
  const coverage = { 'src/a.ts': { total: 100_000, covered: 84_999 } };
  assert.equal(tooLittle(coverage), ['tests cover 84.99 % of all lines, 85 % are required']);
});

const project = {
  'src/loaded.ts': [
    ...['/** A comment', ' * of two lines. */', 'export interface Shape {', '  readonly size: number;', '}', ''],
    ...['export function first(size: number): Shape {', '  return { size };', '}'],
    ...['export function second(size: number): Shape {', '  return { size };', '}'],
    ...['export function notCalled(): Shape {', '  const size = 1;', '  return { size };', '}'],
  ],
  'src/never.ts': [
    '// A comment.',
    'export function never(): number {',
    '  const one: number = 1;',
    '  return one;',
    '}',
  ],
  'src/types.ts': ['export interface Other {', '  readonly name: string;', '}'],
  'events/main.ts': [
    "import * as loaded from '../src/loaded.js';",
    "loaded[process.argv[2] as 'first' | 'second'](1);",
  ],
};

/** Writes the project, and what a compiler makes of all but the file that no process loads. */
function writeProject(root: string): void {
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  write('package.json', '{ "type": "module" }');
  mkdirSync(join(root, 'projections'));
  for (const [path, lines] of Object.entries(project)) {
    const source = lines.join('\n');
    write(path, source);
    const { code } = transformSync(source, { loader: 'ts', sourcemap: 'inline', sourcefile: `../../${path}` });
    if (path !== 'src/never.ts') write(`build/${path.replace(/ts$/, 'js')}`, code);
  }
}

test('counts lines with code, if any process ran them, and all lines of a file that no process loaded', async () => {
  const sandbox = createSandbox('coverage');
  try {
    writeProject(sandbox.path);
    const folder = join(sandbox.path, 'coverage/v8');
    for (const name of ['first', 'second'])
      await run(process.execPath, [join(sandbox.path, 'build/events/main.js'), name], {
        env: { NODE_V8_COVERAGE: folder },
      });
    const coverage = await measureCoverage(folder, sandbox.path);
    assert.equal(coverage, {
      'events/main.ts': { total: 2, covered: 2 },
      'src/loaded.ts': { total: 7, covered: 5 },
      'src/never.ts': { total: 3, covered: 0 },
    });
    assert.is(percentage(coverage), 58.33);
    assert.ok(existsSync(join(sandbox.path, 'coverage/lcov.info')));
  } finally {
    await sandbox.close();
  }
});

test.run();
