import type { Test } from 'uvu';
import * as assert from 'uvu/assert';
import { buildGo, requireContainerdSources, requireModule } from '../support/build-go.ts';
import {
  type Missing,
  requireCommand,
  requireFileSystem,
  requireRoot,
  suiteNeeding,
  testUnless,
} from '../support/requirements.ts';
import { run } from '../support/run.ts';
import type { Server } from '../support/server.ts';
import { type Case, casesIn } from './report.ts';

interface Conformance {
  readonly server: Server;
  /** the name by which containerd's suite knows this kind of driver */
  readonly knownAs: string;
  /** a directory for the stores of all cases, on the file system that the driver needs */
  readonly folder: string;
  /** cases that the suite itself leaves out for drivers of this name, with the reason */
  readonly leftOut: Readonly<Record<string, string>>;
  /** the suites to run; default: all */
  readonly suites?: readonly Generation['name'][];
  /** what the driver needs beyond what the suite does and this machine lacks */
  readonly needs?: Missing;
}

/** One of containerd's suites for snapshotters. */
interface Generation {
  /** the containerd that it is of */
  readonly name: '1.x' | '2.x';
  readonly folder: string;
  readonly module: boolean;
  /** cases that it has at least */
  readonly cases: number;
}

const generations: readonly Generation[] = [
  { name: '1.x', folder: 'test/conformance/suite', module: false, cases: 21 },
  { name: '2.x', folder: 'test/conformance/suite-2', module: true, cases: 22 },
];

/** Runs containerd's snapshotter suites against a server and defines one test for each of their cases. */
export async function conformance(what: Conformance): Promise<void> {
  const needs = [requireRoot(), requireFileSystem('overlay'), requireCommand('go'), what.needs];
  const test = suiteNeeding(`containerd's snapshotter suites, ${what.server.name}`, ...needs);
  const chosen = generations.filter(({ name }) => what.suites?.includes(name) ?? true);
  if (needs.some((need) => need !== undefined)) test('pass', () => {});
  else for (const generation of chosen) await defineGeneration(test, what, generation);
  test.run();
}

async function defineGeneration(test: Test, what: Conformance, generation: Generation): Promise<void> {
  const { name, folder, module, cases: atLeast } = generation;
  const missing = module ? await requireModule(folder) : requireContainerdSources();
  if (missing !== undefined) return testUnless(test, missing, `suite of containerd ${name}`, () => {});
  const { cases, output } = await runSuite(what, generation);
  test(`suite of containerd ${name}: runs all cases`, () => {
    assert.ok(cases.length >= atLeast, `only ${cases.length} cases ran:\n${output}`);
  });
  for (const { name: title, outcome, output: text } of cases) {
    const reason = what.leftOut[title];
    if (outcome === 'SKIP' && reason !== undefined) console.log(`${title} is no case for ${what.knownAs}: ${reason}`);
    else test(`suite of containerd ${name}: passes ${title}`, () => assert.is(outcome, 'PASS', text));
  }
}

async function runSuite(
  { server, knownAs, folder: stores }: Conformance,
  { name, folder, module }: Generation,
): Promise<{ readonly cases: readonly Case[]; readonly output: string }> {
  const program = { name: `conformance-${name}`, folder, command: ['test', '-c'], module };
  const { status, stdout, stderr } = await run(
    await buildGo(program),
    ['-test.v', '-test.parallel=4', '-test.timeout=10m'],
    {
      env: { SERVER: JSON.stringify(server.command('ROOT', 'SOCKET')), DRIVER: knownAs, TMPDIR: stores },
      limit: 660_000,
      anyStatus: true,
    },
  );
  return { cases: casesIn(stdout), output: `${stdout}${stderr}\nexit status ${status}` };
}
