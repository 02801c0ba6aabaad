import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { measureCoverage, tooLittle } from './coverage.ts';
import { sourcesBelow, type TestFile, testFiles } from './discover.ts';
import { forgottenRuns } from './forgotten-runs.ts';
import { inTurn } from './in-turn.ts';
import { line, summary } from './report.ts';
import { killAll, runFile } from './run-file.ts';
import { parseArguments, select } from './selection.ts';
import { suites } from './suites.ts';
import { judge, type Verdict } from './verdict.ts';

/** A Node to run tests on, what to say about it, and what its processes get to know. */
interface Runtime {
  readonly node: string;
  readonly note: string;
  readonly env: Readonly<Record<string, string>>;
}

const { CI, NEWER_NODE = '', COVERAGE_FOLDER = '', FAILED_STEP = '' } = process.env;
const coverageFolder = COVERAGE_FOLDER === '' ? '' : resolve(COVERAGE_FOLDER);
const thisNode: Runtime = {
  node: process.execPath,
  note: '',
  env: coverageFolder === '' ? {} : { NODE_V8_COVERAGE: coverageFolder },
};
const newerNode: Runtime = { node: NEWER_NODE, note: ' on the newer Node', env: {} };
const verdicts: Verdict[] = [];

for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    killAll();
    process.exit(130);
  });

/** Runs one file, prints its line, and its whole output if anything is wrong with it. */
async function runOne(file: TestFile, { node, note, env }: Runtime): Promise<void> {
  const began = performance.now();
  const ending = await runFile(node, file.compiled, { limitSeconds: file.suite.limitSeconds, env });
  const verdict = judge(ending, { strict: CI === 'true' });
  verdicts.push(verdict);
  console.log(line(file, verdict, (performance.now() - began) / 1000, note));
  if (verdict.failed > 0) console.log(ending.output.trimEnd().replace(/^/gm, '    | '));
  for (const problem of verdict.problems) console.log(`    ${file.source} ${problem}`);
}

async function runSuites(files: readonly TestFile[], runtime: Runtime): Promise<void> {
  for (const suite of suites)
    await inTurn(
      files.filter((file) => file.suite === suite),
      suite.width,
      (file) => runOne(file, runtime),
    );
}

/** Something outside a test file has failed. */
function fail(what: string): void {
  console.log(`FAIL ${what}`);
  verdicts.push({ passed: 0, failed: 1, skipped: 0, problems: [] });
}

/** A suite without `.run()` passes in silence; contracts lie in files of their own, so every source is looked at. */
function lookForForgottenRuns(sources: readonly string[]): void {
  for (const source of sources.filter((name) => !name.endsWith('.fixture.ts')))
    for (const name of forgottenRuns(readFileSync(source, 'utf8')))
      fail(`${source} defines the suite "${name}" and never runs it`);
}

async function lookAtCoverage(): Promise<void> {
  const coverage = await measureCoverage(coverageFolder);
  console.log(`     coverage: ${coverage.total?.lines.pct} % of lines; every file's is in coverage/lcov.info`);
  for (const what of tooLittle(coverage, process.cwd())) fail(what);
}

async function main(): Promise<void> {
  const sources = sourcesBelow('test');
  const names = suites.map((suite) => suite.name);
  const chosen = select(testFiles(sources), parseArguments(process.argv.slice(2), names));
  lookForForgottenRuns(sources);
  await runSuites(chosen, thisNode);
  if (newerNode.node !== '')
    await runSuites(
      chosen.filter((file) => file.suite.newerNode),
      newerNode,
    );
  if (coverageFolder !== '') await lookAtCoverage();
  if (FAILED_STEP !== '') fail(FAILED_STEP);
}

try {
  await main();
} catch (error) {
  fail(error instanceof Error ? error.message : String(error));
}
console.log(summary(verdicts));
process.exitCode = verdicts.some((verdict) => verdict.failed > 0) ? 1 : 0;
