import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { emptyState } from '../../projections/state.ts';
import { createPipelines } from '../../src/app/background/pipeline.ts';
import { closingLimits } from '../../src/app/close-service.ts';
import { notYet } from '../../src/app/forward/status.ts';
import { createJournal } from '../../src/app/store/journal.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { stopTime } from '../../src/daemon.ts';
import { createMetrics } from '../../src/observe/create-metrics.ts';
import { createFleetMetrics } from '../../src/observe/fleet-metrics.ts';
import { silent } from '../../src/ports/logger.ts';
import { snapledgerRun } from '../cli/process.ts';
import { createMemoryEventLog } from '../support/memory-event-log.ts';
import { run } from '../support/run.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';

const test = suite<{ sandbox: Sandbox }>('operations files');
test.before.each((context) => {
  context.sandbox = createSandbox('operations');
});
test.after.each(({ sandbox }) => sandbox.close());

/** The names that a page of Prometheus' text format exports. */
const exportedBy = (body: string) => [...body.matchAll(/^# TYPE (\S+) /gm)].map(([, name = '']) => name);

/** The names that a file of queries asks for. */
const askedBy = (file: string) =>
  [...readFileSync(file, 'utf8').matchAll(/\bsnapledger_[a-z_]+/g)].map(([name]) =>
    name.replace(/_(bucket|sum|count)$/, ''),
  );

async function metricsOfDaemon(): Promise<readonly string[]> {
  const metrics = createMetrics('0');
  const log = createMemoryEventLog();
  const journal = createJournal({ log, store: 's', clock: () => 1n, state: emptyState() });
  metrics.watch(journal, createPipelines({ journal, logger: silent }));
  metrics.watchLog(async () => ({ segments: 1, archived: 0, bytes: 1, archivedBytes: 0 }));
  metrics.watchFeed({ position: 0, subscribers: new Set() });
  metrics.watchForwarding(() => notYet);
  metrics.watchHealth(() => ({ serving: true }));
  metrics.counting(silent);
  const { body } = await metrics.text();
  metrics.close();
  return exportedBy(body);
}

test('dashboard: uses only metrics that the daemon exports', async () => {
  const exported = new Set(await metricsOfDaemon());
  const asked = new Set(askedBy('src/operations/grafana-dashboard.json'));
  assert.ok(asked.size >= 10);
  assert.equal(
    [...asked].filter((name) => !exported.has(name)),
    [],
  );
});

test('dashboard and alerts of the fleet: use only metrics that daemon and index export, OPERATIONS.md too', async () => {
  const { body } = await createFleetMetrics('0').text();
  const exported = new Set([...(await metricsOfDaemon()), ...exportedBy(body)]);
  const documented = [...readFileSync('OPERATIONS.md', 'utf8').matchAll(/\bsnapledger_fleet_[a-z_]+[a-z]/g)];
  const asked = [
    ...askedBy('src/operations/fleet/alerts.yaml'),
    ...askedBy('src/operations/fleet/grafana-dashboard.json'),
    ...documented.map(([name]) => name),
  ];
  assert.ok(asked.length >= 15);
  assert.equal(
    asked.filter((name) => !exported.has(name)),
    [],
  );
});

test('unit file: is the one that OPERATIONS.md shows', () => {
  const unit = readFileSync('src/operations/snapledger.service', 'utf8');
  assert.ok(readFileSync('OPERATIONS.md', 'utf8').includes(unit));
  assert.match(unit, /^Type=notify$/m);
});

test('unit file: allows more time for a stop than a stop takes', () => {
  const unit = readFileSync('src/operations/snapledger.service', 'utf8');
  const waits = Number(/^TimeoutStopSec=(\d+)$/m.exec(unit)?.[1]) * 1000;
  const { drainTimeout } = loadConfig({ flags: {} });
  const { work, record, checkpoint } = closingLimits;
  assert.ok(work + record + checkpoint < stopTime);
  assert.ok(drainTimeout + stopTime < waits, `${drainTimeout} + ${stopTime} < ${waits}`);
});

test('package: contains what is shipped for operations', () => {
  const { files } = JSON.parse(readFileSync('package.json', 'utf8'));
  assert.ok(files.includes('src/operations'));
});

test('completion: bash completes every command and its options', async ({ sandbox }) => {
  const script = (await snapledgerRun('completion', 'bash')).stdout;
  const file = join(sandbox.path, 'completion');
  writeFileSync(file, script);
  const completed = async (...words: string[]) => {
    const set = `COMP_WORDS=(snapledger ${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length}`;
    const { stdout } = await run('bash', ['-c', `source ${file}; ${set}; _snapledger; echo "\${COMPREPLY[@]}"`]);
    return stdout.trim().split(' ');
  };
  assert.equal(await completed('his'), ['history']);
  assert.equal(await completed('log', '--sin'), ['--since']);
  assert.equal(await completed('log', '--n'), ['--namespace']);
  assert.equal(await completed('fleet', 'hol'), ['holds']);
  assert.equal(await completed('fleet', 'holds', '--im'), ['--image']);
});

test('completion: zsh and fish know every command, and another shell is refused', async () => {
  const help = (await snapledgerRun('--help')).stdout;
  const commands = [...help.matchAll(/^ {2}([a-z-]+) /gm)]
    .map(([, name = '']) => name)
    .filter((name) => name !== 'help');
  assert.ok(commands.length > 15);
  for (const shell of ['zsh', 'fish']) {
    const { stdout } = await snapledgerRun('completion', shell);
    for (const name of commands) assert.match(stdout, name);
  }
  assert.is((await snapledgerRun('completion', 'tcsh')).status, 2);
});

test('man page: names every command with its options', async () => {
  const { stdout } = await snapledgerRun('man');
  assert.match(stdout, /^\.TH SNAPLEDGER 8/);
  for (const text of [
    '.SS history <key>',
    '.B \\-\\-at <moment>',
    '.SS diff <from> [to]',
    '.B \\-n, \\-\\-lines <count>',
    '.SS fleet holds [layer]',
  ])
    assert.ok(stdout.includes(text), text);
});

test.run();
