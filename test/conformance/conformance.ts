import type { Test } from 'uvu';
import * as assert from 'uvu/assert';
import { buildGo } from '../support/build-go.ts';
import { type Missing, requireCommand, requireFileSystem, requireRoot, suiteNeeding } from '../support/requirements.ts';
import { run } from '../support/run.ts';
import type { Server } from '../support/server.ts';
import { casesIn } from './report.ts';

interface Conformance {
  readonly server: Server;
  /** the name by which containerd's suite knows this kind of driver */
  readonly knownAs: string;
  /** a directory for the stores of all cases, on the file system that the driver needs */
  readonly folder: string;
  /** cases that the suite itself leaves out for drivers of this name, with the reason */
  readonly leftOut: Readonly<Record<string, string>>;
  /** what the driver needs beyond what the suite does and this machine lacks */
  readonly needs?: Missing;
}

/** Runs containerd's snapshotter suite against a server and defines one test for each of its cases. */
export async function conformance(what: Conformance): Promise<void> {
  const needs = [requireRoot(), requireFileSystem('overlay'), requireCommand('go'), what.needs];
  const test = suiteNeeding(`containerd's snapshotter suite, ${what.server.name}`, ...needs);
  if (needs.every((need) => need === undefined)) await defineCases(test, what);
  else test('passes all cases', () => {});
  test.run();
}

async function defineCases(test: Test, { server, knownAs, folder, leftOut }: Conformance): Promise<void> {
  const { status, stdout, stderr } = await run(
    await buildGo('conformance', 'test/conformance/suite/suite_test.go', ['test', '-c']),
    ['-test.v', '-test.parallel=4', '-test.timeout=10m'],
    {
      env: { SERVER: JSON.stringify(server.command('ROOT', 'SOCKET')), DRIVER: knownAs, TMPDIR: folder },
      limit: 660_000,
      anyStatus: true,
    },
  );
  const cases = casesIn(stdout);
  test('runs all cases', () => {
    assert.ok(cases.length >= 21, `only ${cases.length} cases ran (exit status ${status}):\n${stdout}${stderr}`);
  });
  for (const { name, outcome, output } of cases) {
    if (outcome === 'SKIP' && name in leftOut) console.log(`${name} is no case for ${knownAs}: ${leftOut[name]}`);
    else test(`passes ${name}`, () => assert.is(outcome, 'PASS', output));
  }
}
