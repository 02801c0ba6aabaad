import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { closeSandboxesOnSignal, createSandbox } from '../../support/sandbox.ts';
import { median } from '../rows/statistics.ts';
import { filledRoot } from './filled-root.ts';
import { serve } from './serving.ts';

/**
 * How long a daemon takes from its start to its first answer, with so many living snapshots and so many events in its log,
 * without a checkpoint and with one; and its memory then, and after a List of all.
 * `node build/test/bench/stores/restart.js [SNAPSHOTS] [EVENTS] [ROUNDS]`, as root.
 */
const [snapshots = 100_000, events = 1_000_000, rounds = 3] = process.argv.slice(2).map(Number);
const sandbox = createSandbox('bench-restart');

async function start(root: string) {
  const serving = await serve(root);
  const { resident, peak } = serving.memory();
  const cpu = serving.cpu();
  await serving.client.list();
  const listed = serving.memory().resident;
  await serving.stop();
  return { milliseconds: serving.ready, cpu, resident, peak, listed };
}

closeSandboxesOnSignal();
try {
  const root = await filledRoot({ snapshots, events }, sandbox);
  const without = [];
  const withOne = [];
  for (let round = 0; round < rounds; round++) {
    rmSync(join(root, 'checkpoints'), { recursive: true, force: true });
    without.push(await start(root));
    withOne.push(await start(root));
  }
  for (const [checkpoint, starts] of [
    ['none', without],
    ['newest', withOne],
  ] as const)
    console.log(
      JSON.stringify({ snapshots, events, checkpoint, median: median(starts.map((one) => one.milliseconds)), starts }),
    );
} finally {
  await sandbox.close();
}
