import { setTimeout as pause } from 'node:timers/promises';
import { collectGarbage } from '../fault/collect-garbage.ts';
import { type DriverUnderTest, driversUnderTest } from '../fault/drivers.ts';
import { createServing, type Serving } from '../fault/serving.ts';
import type { Daemon } from '../support/daemon.ts';
import { onDisk, verified } from '../support/inspect-store.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';
import type { SnapshotsClient } from '../support/snapshots-client.ts';
import { Violation } from './caller.ts';
import { check, type Finding } from './check.ts';
import { faultsOf, type InjectedFault } from './faults.ts';
import { createLedger, type Ledger } from './ledger.ts';
import type { TortureOptions } from './options.ts';
import { createDisk, type Disk } from './power-cuts/disk.ts';
import { createRandom, type Random } from './random.ts';
import { createWriter } from './writer.ts';

/** The result of a torture run. */
export interface Summary {
  readonly rounds: number;
  readonly acknowledged: number;
  /** calls whose outcome was known only after the restart */
  readonly unknown: number;
  /** the mean duration of a restart, seconds */
  readonly restart: number;
  /** rounds of each kind */
  readonly faults: Readonly<Record<string, number>>;
  /** all violations; the run ends at the first round with any */
  readonly findings: readonly (Finding | { readonly what: 'wedged' | 'wrong'; readonly text: string })[];
}

interface Run {
  readonly options: TortureOptions;
  readonly driver: DriverUnderTest;
  readonly sandbox: Sandbox;
  readonly disk: Disk;
  readonly serving: Serving;
  readonly random: Random;
  readonly ledgers: readonly Ledger[];
  readonly faults: Record<string, number>;
  acknowledged: number;
  unknown: number;
  restarting: number;
  /** the daemon that a round has left running */
  standing: Daemon | undefined;
}

/** Small, so that a few rounds reach rotations and checkpoints. */
const settings = 'log = { segment_bytes = "128KiB" }\ncheckpoint = { every = 150 }';
const collectEvery = 10;
/** maximum milliseconds of work before a fault: a daemon may be dead already, or its disk full */
const longestLoad = 1500;

/**
 * Round after round on one root: writers at work, a fault to the daemon, a restart, and a comparison of what there is with
 * what was acknowledged. Ends at the first finding. `say` receives the progress.
 */
export async function torture(options: TortureOptions, say: (line: string) => void): Promise<Summary> {
  const sandbox = createSandbox('torture');
  try {
    const run = createRun(options, sandbox);
    const [rounds, findings] = await runRounds(run, say);
    await run.standing?.stop();
    if (findings.length > 0) say(run.serving.lastWords());
    const { acknowledged, unknown, faults } = run;
    const restart = run.restarting / 1000 / Math.max(rounds, 1);
    return { rounds, acknowledged, unknown, restart, faults, findings };
  } finally {
    await sandbox.close();
  }
}

function createRun(options: TortureOptions, sandbox: Sandbox): Run {
  const driver = driversUnderTest.find(({ name }) => name === options.driver);
  if (driver === undefined) throw new TypeError(`there is no driver ${options.driver}`);
  const disk = createDisk(sandbox, options.disk);
  const serving = createServing(sandbox, { driver: driver.name, root: disk.root, settings });
  const ledgers = Array.from({ length: options.writers }, createLedger);
  const random = createRandom(options.seed);
  return {
    options,
    driver,
    sandbox,
    disk,
    serving,
    random,
    ledgers,
    faults: {},
    acknowledged: 0,
    unknown: 0,
    restarting: 0,
    standing: undefined,
  };
}

async function runRounds(run: Run, say: (line: string) => void): Promise<[number, Summary['findings']]> {
  const { options, random, disk } = run;
  const end = performance.now() + options.seconds * 1000;
  for (let round = 1; ; round++) {
    const fault = random.pick(faultsOf(options.mode, disk));
    const isLast = round >= options.rounds || performance.now() > end;
    const findings = await runRound(run, fault, isLast || round % collectEvery === 0).catch(wrong);
    if (isLast || findings.length > 0 || round % collectEvery === 0)
      say(
        `round ${round}: ${run.acknowledged} calls acknowledged, ${run.unknown} unknown, ${findings.length} findings`,
      );
    if (isLast || findings.length > 0) return [round, findings];
  }
}

const wrong = (error: unknown): Summary['findings'] => [
  {
    what: 'wrong',
    text: error instanceof Violation ? error.message : String(error instanceof Error ? error.stack : error),
  },
];

async function runRound(run: Run, fault: InjectedFault, whole: boolean): Promise<Summary['findings']> {
  const { serving, disk, ledgers } = run;
  run.faults[fault.name] = (run.faults[fault.name] ?? 0) + 1;
  const victim = await startVictim(run, fault);
  if (victim !== undefined) await underLoad(run, fault, victim);
  if (fault.powerCut === true) {
    await disk.restore?.();
    serving.reboot();
  }
  const began = performance.now();
  run.standing = await serving.start();
  run.restarting += performance.now() - began;
  const client = serving.connect();
  run.unknown += ledgers.reduce((sum, { unknown }) => sum + unknown.length, 0);
  const findings = await check({
    ...run,
    root: disk.root,
    client,
    powerCut: fault.powerCut === true,
    expectNoQuarantine: disk.revivesNames !== true,
  });
  const wedged = whole && findings.length === 0 ? await collectAll(run, client) : [];
  client.close();
  return [...findings, ...wedged];
}

/** The daemon that was started in the previous round, or a new one if it needs failpoints: those may end it at its start. */
async function startVictim(
  { serving, random, driver, standing }: Run,
  fault: InjectedFault,
): Promise<Daemon | undefined> {
  const failpoints = fault.failpoints(random, driver);
  if (failpoints === '' && standing !== undefined) return standing;
  await (random.chance(0.5) ? standing?.kill() : standing?.stop());
  return serving.start(failpoints).catch((error) => {
    if (failpoints === '') throw error;
    return undefined;
  });
}

/** Runs the writers until the daemon has ended. */
async function underLoad(run: Run, fault: InjectedFault, victim: Daemon): Promise<void> {
  const { serving, random, ledgers, disk, driver } = run;
  let over = false;
  const writers = ledgers.map((ledger, n) => {
    const own = random.split();
    const client = serving.connect();
    const upper = (mounts: Parameters<DriverUnderTest['upper']>[1]) => driver.upper(disk.root, mounts);
    const limits = () => fault.limits(own);
    const writer = createWriter({ name: `w${n}`, client, random: own, ledger, ledgers, upper, limits });
    return { writer, client };
  });
  // Connects before the load starts; a failpoint may have ended the daemon by then.
  await Promise.all(writers.map(({ client }) => client.list().catch(() => {})));
  const working = Promise.all(writers.map(({ writer }) => writer.work(() => over)));
  // A violation before the fault must be reported later, and must not be an unhandled rejection.
  working.catch(() => {});
  const acknowledged = () => writers.reduce((sum, { writer }) => sum + writer.acknowledged, 0);
  const answered = async (calls: number) => {
    const end = performance.now() + longestLoad;
    while (acknowledged() < calls && performance.now() < end) await pause(2);
  };
  await fault.inject({ daemon: victim, disk, random, answered });
  over = true;
  await Promise.race([
    working,
    pause(240_000, undefined, { ref: false }).then(() => Promise.reject(new Error('a call never ended'))),
  ]);
  run.acknowledged += acknowledged();
  for (const { client } of writers) client.close();
}

/** Every key can be removed, leaf by leaf, and then nothing is left; verify finds nothing before and after. */
async function collectAll({ disk, ledgers }: Run, client: SnapshotsClient): Promise<Summary['findings']> {
  const before = await verified(disk.root);
  await collectGarbage(client);
  for (const { facts } of ledgers) facts.clear();
  const after = await verified(disk.root);
  const left = onDisk(disk.root).snapshots;
  return [
    ...[before, after].filter(({ status }) => status !== 0).map(({ text }) => ({ what: 'unexplained', text }) as const),
    ...(left.length > 0 ? [{ what: 'wedged', text: `collected, but left on disk: ${left}` } as const] : []),
  ];
}
