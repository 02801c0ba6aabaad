import { setTimeout as pause } from 'node:timers/promises';
import { type Step, steps } from '../../src/ports/failpoints.ts';
import { type DriverUnderTest, isStepOf } from '../fault/drivers.ts';
import type { Daemon } from '../support/daemon.ts';
import type { CallLimits } from '../support/snapshots-client.ts';
import type { Mode } from './options.ts';
import type { Disk } from './power-cuts/disk.ts';
import type { Random } from './random.ts';

/** A running daemon, and the ways to end it. */
export interface Environment {
  readonly daemon: Daemon;
  readonly disk: Disk;
  readonly random: Random;
  /** Resolves when the round's writers have that many calls acknowledged, or after a limit. */
  readonly answered: (calls: number) => Promise<void>;
}

/** A fault to inject into a running daemon. */
export interface InjectedFault {
  readonly name: string;
  /** set before the daemon starts, in the syntax of its environment variable */
  failpoints(random: Random, driver: DriverUnderTest): string;
  /** how the writers cancel their calls, if at all */
  limits(random: Random): CallLimits;
  /** Injects the fault into a running daemon; resolves when its process has ended. */
  inject(environment: Environment): Promise<void>;
  readonly powerCut?: true;
}

const noFailpoints = { failpoints: () => '', limits: () => ({}) };
const milliseconds = (random: Random) => pause(random.whole(1, 60));

/** Counted in calls, so that a busy machine sees as much work before the fault; a little later, so that it hits anywhere in one. */
async function untilBusy({ random, answered }: Environment): Promise<void> {
  await answered(random.whole(0, 80));
  await pause(random.whole(0, 12));
}

const kill: InjectedFault = {
  name: 'kill',
  ...noFailpoints,
  inject: async (environment) => {
    await untilBusy(environment);
    await environment.daemon.kill();
  },
};

const stop: InjectedFault = {
  name: 'stop',
  ...noFailpoints,
  inject: async (environment) => {
    await untilBusy(environment);
    await environment.daemon.stop();
  },
};

/** The daemon is frozen while calls arrive, and thawed before it is killed. */
const freeze: InjectedFault = {
  name: 'freeze',
  ...noFailpoints,
  inject: async (environment) => {
    const { daemon, random } = environment;
    await untilBusy(environment);
    for (let times = random.whole(1, 3); times > 0; times--) {
      await milliseconds(random);
      process.kill(daemon.pid, 'SIGSTOP');
      await milliseconds(random);
      process.kill(daemon.pid, 'SIGCONT');
    }
    await (random.chance(0.5) ? daemon.kill() : daemon.stop());
  },
};

/** Clients hang up, and set deadlines that are too short. */
const rude: InjectedFault = {
  ...kill,
  name: 'rude',
  limits: (random) => {
    if (random.chance(0.6)) return {};
    if (random.chance(0.5)) return { timeout: random.whole(0, 4) };
    return { signal: AbortSignal.timeout(random.whole(0, 4)) };
  },
};

const actions = ['kill', 'error(EIO)', 'error(ENOSPC)', 'error(EDQUOT)', 'error(EMFILE)'] as const;

/** Steps fail, once each, or the daemon dies at one; if it is still running, it is killed or stopped. */
const fault: InjectedFault = {
  name: 'fault',
  limits: () => ({}),
  failpoints: (random, driver) => {
    const known = steps.filter((step) => isStepOf(driver, step) && !isOfStart(step));
    const one = () => `${random.pickOf(known)}=${random.pick(actions)}@${random.whole(1, 12)}`;
    return Array.from({ length: random.whole(1, 4) }, one).join(';');
  },
  inject: async (environment) => {
    const { daemon, random } = environment;
    await Promise.race([daemon.ended, untilBusy(environment)]);
    // `stop` rejects if a failpoint kills the daemon meanwhile.
    await (random.chance(0.5) ? daemon.kill() : daemon.stop().catch(() => daemon.kill()));
  },
};

/** An error there prevents the start, which is correct and of no use here. */
const isOfStart = (step: Step) => step.startsWith('reconcile.') || step === 'store.open';

const power: InjectedFault = {
  name: 'power',
  ...noFailpoints,
  powerCut: true,
  inject: async (environment) => {
    const { daemon, disk, random } = environment;
    await untilBusy(environment);
    process.kill(daemon.pid, 'SIGSTOP');
    disk.cut?.(random.chance(0.5));
    await daemon.kill();
  },
};

/** The faults of a mode; those that need a power cut only if that is possible. */
export function faultsOf(mode: Mode, disk: Disk): readonly [InjectedFault, ...InjectedFault[]] {
  switch (mode) {
    case 'kill':
      return [kill];
    case 'fault':
      return [fault];
    case 'power':
      return [power];
    case 'mixed':
      return [kill, fault, stop, freeze, rude, ...(disk.cut === undefined ? [] : [power])];
    default:
      return mode satisfies never;
  }
}
