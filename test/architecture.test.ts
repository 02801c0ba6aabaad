import { readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { eventCodecs } from '../events/registry.ts';
import { importsOf } from './architecture/imports.ts';
import { pathToProgram } from './architecture/starts-program.ts';
import { violations } from './architecture/violations.ts';
import { sourcesBelow, testFiles } from './runner/suites.ts';

const sources = ['events', 'projections', 'src'].flatMap(sourcesBelow);

const tree = suite('architecture');

tree('decisions: each id exists once, with one context, decision and consequence', () => {
  const records = readFileSync('DECISIONS.md', 'utf8')
    .split(/^## (?=\d+\. )/m)
    .slice(1);
  const numbers = records.map((record) => Number.parseInt(record, 10));
  assert.equal(
    numbers,
    [...new Set(numbers)].sort((a, b) => a - b),
  );
  for (const record of records)
    for (const part of ['Status', 'Context', 'Decision', 'Consequence'])
      assert.ok(record.split(`\n**${part}.**`).length <= 2, `${part} of ${record.split('\n')[0]}`);
});

tree('imports: keep to the rules of ARCHITECTURE.md', () => {
  assert.ok(sources.length > 50);
  const found = sources.flatMap((path) =>
    violations(path, readFileSync(path, 'utf8')).map((what) => `${path} ${what}`),
  );
  assert.equal(found, []);
});

tree('dependencies: each has a reason in DECISIONS.md', () => {
  const { dependencies, optionalDependencies, devDependencies } = JSON.parse(readFileSync('package.json', 'utf8'));
  const decisions = readFileSync('DECISIONS.md', 'utf8');
  const names = Object.keys({ ...dependencies, ...optionalDependencies, ...devDependencies });
  assert.equal(
    names.filter((name) => !decisions.includes(name)),
    [],
  );
});

tree('dependencies: production code uses none that is installed for tests only', () => {
  const { dependencies, optionalDependencies } = JSON.parse(readFileSync('package.json', 'utf8'));
  const known = new Set(Object.keys({ ...dependencies, ...optionalDependencies }));
  // The console's page is a bundle of its own, which no process loads.
  const loaded = sources.filter((path) => !path.startsWith('src/console/page/'));
  const used = loaded.flatMap((path) => importsOf(readFileSync(path, 'utf8')).map(({ from }) => ({ path, from })));
  const foreign = used.filter(({ from }) => !from.startsWith('.') && !from.startsWith('node:'));
  assert.ok(foreign.length > 50);
  const packageOf = (from: string) => /^(?:@[^/]+\/)?[^/]+/.exec(from)?.[0] ?? from;
  assert.equal(
    foreign.filter(({ from }) => !known.has(packageOf(from))),
    [],
  );
});

tree('pipelines: ARCHITECTURE.md names each', () => {
  const started = sources.flatMap((path) =>
    [...readFileSync(path, 'utf8').matchAll(/\.start\(\{\s*name: '([a-z-]+)'/g)].map(([, name = '']) => name),
  );
  assert.ok(started.length > 8, started.join());
  const architecture = readFileSync('ARCHITECTURE.md', 'utf8');
  assert.equal(
    started.filter((name) => !architecture.includes(`\`${name}\``)),
    [],
  );
});

tree('events: ARCHITECTURE.md lists the projections that each touches', () => {
  const projections = ['store-info', 'index-of-snapshots', 'parent-graph', 'volumes', 'usage', 'images'];
  const touched = projections.map((name) => {
    const source = readFileSync(`projections/${name}.ts`, 'utf8');
    return new Set([...source.matchAll(/^ +case '(\w+)'/gm)].map(([, type = '']) => type));
  });
  const table =
    readFileSync('ARCHITECTURE.md', 'utf8').split('\n## Events and projections\n')[1]?.split('\n## ')[0] ?? '';
  const rows = [...table.matchAll(/^\| ([A-Z]\w+) +\|(.*)\|$/gm)].map(([, type = '', cells = '']) => ({
    type,
    marks: cells.split('|').map((cell) => cell.trim() !== ''),
  }));
  assert.equal(rows.map(({ type }) => type).sort(), Object.keys(eventCodecs).sort());
  for (const { type, marks } of rows)
    assert.equal(
      marks,
      touched.map((types) => types.has(type)),
      type,
    );
});

tree.run();

/** Made-up sources: what is wrong in each, or nothing. */
const examples: readonly [title: string, path: string, source: string, wrong: readonly string[]][] = [
  ['lets a projection import facts', 'projections/x.ts', "import { a } from '../events/a.ts';\n", []],
  [
    'keeps facts from projections',
    'events/x.ts',
    "import type { A } from '../projections/a.ts';\n",
    ['imports projections/a.ts'],
  ],
  [
    'keeps node out of a pure layer',
    'src/domain/x.ts',
    "import { join } from 'node:path';\n",
    ['imports node:path in a pure layer'],
  ],
  [
    'keeps clocks out of a pure layer',
    'projections/x.ts',
    'export const now = () => Date.now();\n',
    ['uses Date.now in a pure layer'],
  ],
  ['reads no comment as code', 'projections/x.ts', '/** Not Date.now, not Math.random. */\nexport const a = 1;\n', []],
  ['lets ports have types of facts', 'src/ports/x.ts', "import { type A } from '../../events/a.ts';\n", []],
  [
    'keeps ports from more than types',
    'src/ports/x.ts',
    "import { a, type B } from '../../events/a.ts';\n",
    ['imports events/a.ts as more than types'],
  ],
  [
    'keeps the application from edges',
    'src/app/x.ts',
    "import {\n  a,\n  b,\n} from '../grpc/a.ts';\n",
    ['imports src/grpc/a.ts'],
  ],
  [
    'keeps the application from adapters',
    'src/app/x.ts',
    "const a = await import('../adapters/event-log/group-commit.ts');\n",
    ['imports the adapter src/adapters/event-log/group-commit.ts'],
  ],
  [
    'keeps an edge from another edge',
    'src/http/x.ts',
    "import { a } from '../grpc/a.ts';\n",
    ['imports src/grpc/a.ts'],
  ],
  [
    'keeps adapters apart',
    'src/adapters/event-log/file/x.ts',
    "import { a } from '../../system/native-calls.ts';\n",
    ['imports another adapter, src/adapters/system/native-calls.ts'],
  ],
  [
    'lets adapters share the helpers for files',
    'src/adapters/event-log/file/x.ts',
    "import { a } from '../../system/files.ts';\n",
    [],
  ],
  [
    'lets the technologies of one port share its helpers',
    'src/adapters/volume-driver/overlay/x.ts',
    "import { a } from '../shared/a.ts';\n",
    [],
  ],
  [
    'keeps technologies of one port apart',
    'src/adapters/volume-driver/overlay/x.ts',
    "import { a } from '../btrfs/a.ts';\n",
    ['imports another adapter, src/adapters/volume-driver/btrfs/a.ts'],
  ],
  ['lets the composition construct adapters', 'src/compose/x.ts', "import { a } from '../adapters/a/b.ts';\n", []],
  [
    'keeps a package in its one place',
    'src/adapters/volume-driver/btrfs/x.ts',
    "import { execa } from 'execa';\n",
    ['imports execa, which belongs in src/adapters/system/run-command.ts'],
  ],
  [
    'keeps a part of fp-ts from bringing all of it',
    'src/app/x.ts',
    "import { either } from 'fp-ts';\n",
    ['imports all of fp-ts, which takes longer to load than most commands to run'],
  ],
  ['lets the page have its packages', 'src/console/page/x.tsx', "import { render } from 'preact';\n", []],
  [
    "keeps the page's packages from the daemon",
    'src/compose/x.ts',
    "import { render } from 'preact';\n",
    ['imports preact, which belongs in src/console/page/'],
  ],
  [
    'keeps the application out of the page',
    'src/console/page/x.ts',
    "import { a } from '../../app/a.ts';\n",
    ['imports src/app/a.ts as more than types'],
  ],
  ['lets types of rxjs out of the application', 'src/grpc/x.ts', "import type { Observable } from 'rxjs';\n", []],
  [
    'keeps strange packages out of the domain',
    'src/domain/x.ts',
    "import { v5 } from 'uuid';\n",
    ['imports the package uuid'],
  ],
  ['refuses a default export', 'src/app/x.ts', 'export default 1;\n', ['has a default export']],
  ['refuses a barrel', 'src/app/x.ts', "export * from './a.ts';\n", ['re-exports']],
];

const programs = suite('tests that start the program');

/** Loads modules of benchmarks, to check their names, and starts none. */
const loadsOnly = 'test/bench/options.test.ts';

programs('suites: none that test:quick runs has a test that starts it, since test:quick does not build it', () => {
  const found = new Map(sourcesBelow('test').map((path) => [path, readFileSync(path, 'utf8')]));
  const ways = testFiles([...found.keys()])
    .filter(({ suite: of, source }) => !of.needsProgram && source !== loadsOnly)
    .map(({ source }) => pathToProgram(source, (path) => found.get(path)).join(' imports '));
  assert.equal(
    ways.filter((way) => way !== ''),
    [],
  );
});

programs('imports: are followed at run time only, in circles too, and comments name nothing', () => {
  const folder = ['dist', 'bin'].join('/'); // in one word it would be found here
  const sources = new Map([
    ['test/a.test.ts', "import type { B } from './support/b.ts';\nimport { c } from './support/c.ts';\n"],
    ['test/support/b.ts', `export const b = resolve('${folder}/snapledger.cjs');\n`],
    ['test/support/c.ts', `import { a } from '../a.test.ts';\n/** Not ${folder}. */\nexport const c = 1;\n`],
    ['test/d.test.ts', "import { c } from './support/c.ts';\nimport { e } from './support/e.ts';\n"],
    ['test/support/e.ts', "import { b } from './b.ts';\n"],
  ]);
  const pathOf = (file: string) => pathToProgram(file, (path) => sources.get(path));
  assert.equal(pathOf('test/a.test.ts'), []);
  assert.equal(pathOf('test/d.test.ts'), ['test/d.test.ts', 'test/support/e.ts', 'test/support/b.ts']);
});
programs.run();

const checker = suite('import rules checker');
for (const [title, path, source, wrong] of examples)
  checker(title, () => assert.equal(violations(path, source), wrong));
checker.run();
