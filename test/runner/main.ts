import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { parseArguments, select } from './arguments.ts';
import { measureCoverage, percentage, tooLittle } from './coverage.ts';
import { forgottenRuns } from './forgotten-runs.ts';
import { cpuOfChildren } from './process-group.ts';
import { recap } from './recap.ts';
import { killAll, runFile } from './run-file.ts';
import { runAll } from './schedule.ts';
import { sourcesBelow, suites, type TestFile, testFiles } from './suites.ts';
import { judge, skipsIn, type Verdict } from './verdict.ts';

/** A test file to run on a Node. */
interface Job extends TestFile {
  readonly node: string;
  readonly note: string;
}

/** What became of a job; seconds of wall clock, and of processor time. */
interface Result extends Verdict {
  readonly suite: string;
  readonly name: string;
  /** what a failed file printed */
  readonly output: string;
  readonly seconds: number;
  readonly cpu: number;
}

const { CI, NEWER_NODE = '', COVERAGE_FOLDER = '', FAILED_STEP = '' } = process.env;
const coverageFolder = COVERAGE_FOLDER === '' ? '' : resolve(COVERAGE_FOLDER);
/** Files that wait leave the processors to others. */
const lanes = availableParallelism() * 2 + 1;
const results: Result[] = [];

for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    killAll();
    process.exit(130);
  });

/** Runs one file, prints its line, and its whole output if anything is wrong with it. */
async function run({ suite, source, compiled, node, note }: Job): Promise<void> {
  const began = performance.now();
  const env = coverageFolder !== '' && suite.covered && note === '' ? { NODE_V8_COVERAGE: coverageFolder } : {};
  const ending = await runFile(node, compiled, { limitSeconds: suite.limitSeconds, env });
  const verdict = judge(ending, { strict: CI === 'true' });
  const seconds = (performance.now() - began) / 1000;
  const name = `${suite.name.padEnd(12)} ${source}${note}`;
  const output = verdict.failed > 0 ? ending.output : '';
  results.push({ ...verdict, suite: suite.name, name, output, seconds, cpu: cpuOfChildren() });
  console.log(`${verdict.failed > 0 ? 'FAIL' : 'ok  '} ${name}: ${counts(verdict)} in ${seconds.toFixed(1)} s`);
  for (const skip of skipsIn(ending.output)) console.log(`     ${skip}`);
  if (verdict.failed > 0) console.log(output.trimEnd().replace(/^/gm, '    | '));
  for (const problem of verdict.problems) console.log(`    ${source} ${problem}`);
}

/** Something outside a test file has failed. */
function fail(what: string): void {
  console.log(`FAIL ${what}`);
  results.push({
    passed: 0,
    failed: 1,
    skipped: 0,
    problems: [],
    suite: '',
    name: what,
    output: '',
    seconds: 0,
    cpu: 0,
  });
}

/** A suite without `.run()` passes in silence. Contracts lie in files of their own, so every source is read. */
function findForgottenRuns(sources: readonly string[]): void {
  for (const source of sources.filter((name) => !name.endsWith('.fixture.ts')))
    for (const name of forgottenRuns(readFileSync(source, 'utf8')))
      fail(`${source} defines the suite "${name}" and never runs it`);
}

async function checkCoverage(): Promise<void> {
  const coverage = await measureCoverage(coverageFolder, process.cwd());
  console.log(
    `     coverage: ${percentage(coverage)} % of lines of code, those of files that no test loads included; every file's is in coverage/lcov.info`,
  );
  for (const what of tooLittle(coverage)) fail(what);
}

/** Seconds of the slowest files, and of each suite in all. A file that takes long with little CPU waits for something. */
function printTimes(): void {
  const row = (seconds: number, cpu: number, name: string) =>
    console.log(`${seconds.toFixed(1).padStart(8)} ${cpu.toFixed(1).padStart(8)}  ${name}`);
  console.log('\n    wall      CPU');
  for (const { seconds, cpu, name } of results.toSorted((one, other) => other.seconds - one.seconds).slice(0, 25))
    row(seconds, cpu, name);
  for (const { name } of suites) {
    const files = results.filter(({ suite }) => suite === name);
    const total = (figure: 'seconds' | 'cpu') => files.reduce((all, file) => all + file[figure], 0);
    if (files.length > 0) row(total('seconds'), total('cpu'), `${name}: ${files.length} files`);
  }
}

function counts({ passed, failed, skipped }: Pick<Verdict, 'passed' | 'failed' | 'skipped'>): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}

const sum = (figure: 'passed' | 'failed' | 'skipped') => results.reduce((all, result) => all + result[figure], 0);

async function main(): Promise<void> {
  const sources = sourcesBelow('test');
  const wanted = parseArguments(process.argv.slice(2));
  const files = select(testFiles(sources), wanted);
  findForgottenRuns(sources);
  const jobs: Job[] = files.map((file) => ({ ...file, node: process.execPath, note: '' }));
  if (NEWER_NODE !== '')
    for (const file of files.filter(({ source, suite }) => suite.newerNode.test(source.replace(/^test\//, ''))))
      jobs.push({ ...file, node: NEWER_NODE, note: ' on the newer Node' });
  await runAll(jobs, lanes, run);
  if (coverageFolder !== '') await checkCoverage();
  if (FAILED_STEP !== '') fail(FAILED_STEP);
  if (wanted.times) printTimes();
}

await main().catch((error) => fail(error instanceof Error ? error.message : String(error)));
for (const line of recap(
  results.filter((result) => result.failed > 0).map((result) => ({ ...result, counts: counts(result) })),
))
  console.log(line);
const [passed, failed, skipped] = [sum('passed'), sum('failed'), sum('skipped')];
console.log(counts({ passed, failed, skipped }));
process.exitCode = failed > 0 ? 1 : 0;
