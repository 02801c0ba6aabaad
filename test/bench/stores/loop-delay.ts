import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { livingIds, nameOf } from '../../support/fill-root.ts';
import { closeSandboxesOnSignal, createSandbox } from '../../support/sandbox.ts';
import { percentile } from '../rows/statistics.ts';
import { filledRoot } from './filled-root.ts';
import { type Serving, serve } from './serving.ts';

/**
 * How late the event loop is, and how long a Stat takes, while nothing else happens, while checkpoints are written without
 * a pause, and while all snapshots are listed. `node build/test/bench/stores/loop-delay.js [SNAPSHOTS] [EVENTS]`, as root.
 */
const [snapshots = 100_000, events = 1_000_000] = process.argv.slice(2).map(Number);
const milliseconds = 8_000;
const sandbox = createSandbox('bench-loop');

/** Two callers of Stat, one call in flight each. */
async function statFor(serving: Serving, names: readonly string[]): Promise<readonly number[]> {
  const times: number[] = [];
  const end = performance.now() + milliseconds;
  const caller = async () => {
    for (let n = 0; performance.now() < end; n++) {
      const began = performance.now();
      await serving.client.stat(names[n % names.length] ?? '');
      times.push(performance.now() - began);
    }
  };
  await Promise.all([caller(), caller()]);
  return times;
}

async function measure(
  serving: Serving,
  names: readonly string[],
  meanwhile: (busy: () => boolean) => Promise<number>,
) {
  await serving.metric('snapledger_event_loop_delay_seconds{quantile="0.99"}');
  let busy = true;
  const other = meanwhile(() => busy);
  const times = await statFor(serving, names);
  busy = false;
  const delay = await serving.metric('snapledger_event_loop_delay_seconds{quantile="0.99"}');
  const done = await other;
  const stat = {
    calls: times.length,
    p50: percentile(times, 0.5),
    p99: percentile(times, 0.99),
    max: percentile(times, 1),
  };
  return { loopP99: delay * 1000, stat, done };
}

closeSandboxesOnSignal();
try {
  const settings = join(sandbox.path, 'settings.toml');
  // Every change asks for a checkpoint: one is always being written while there are changes.
  writeFileSync(settings, '[checkpoint]\nevery = 1\n');
  const root = await filledRoot({ snapshots, events }, sandbox);
  const serving = await serve(root, ['--config', settings]);
  sandbox.atEnd(serving.stop);
  const { first } = livingIds({ snapshots, events });
  const names = Array.from({ length: 1000 }, (_, n) => nameOf(first + n * 10));
  const checkpoints = () => serving.metric('snapledger_checkpoint_seconds_count');
  const meanwhiles = {
    nothing: async () => 0,
    checkpoints: async (busy: () => boolean) => {
      const before = await checkpoints();
      for (let n = 0; busy(); n++) {
        await serving.client.update(names[0] ?? '', { n: String(n) });
        await pause(5);
      }
      return (await checkpoints()) - before;
    },
    lists: async (busy: () => boolean) => {
      const { client } = serving;
      let lists = 0;
      for (; busy(); lists++) await client.list();
      return lists;
    },
  };
  for (const [name, meanwhile] of Object.entries(meanwhiles))
    console.log(JSON.stringify({ snapshots, meanwhile: name, ...(await measure(serving, names, meanwhile)) }));
} finally {
  await sandbox.close();
}
