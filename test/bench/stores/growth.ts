import type { Amount } from '../../support/fill-root.ts';
import { closeSandboxesOnSignal, createSandbox } from '../../support/sandbox.ts';
import { median, percentile } from '../rows/statistics.ts';
import { filledRoot } from './filled-root.ts';
import { type Serving, serve } from './serving.ts';

/**
 * What an operation costs as a store grows, in living snapshots and in events: the same work on all stores in turn, several
 * rounds. `node build/test/bench/stores/growth.js SNAPSHOTS-EVENTS ...`, as root, as in `1000-10000 100000-1000000`.
 */
const amounts = process.argv.slice(2).map((text): Amount => {
  const [snapshots = 0, events = 0] = text.split('-').map(Number);
  return { snapshots, events };
});
const rounds = 5;
const lifecycles = 200;
const workers = 8;
const sandbox = createSandbox('bench-growth');

/** A layer and a container on it, made and taken down: five changes and a Stat. */
async function lifecycle({ client }: Serving, key: string): Promise<number> {
  const began = performance.now();
  await client.prepare(`${key}-active`);
  await client.commit(`${key}-layer`, `${key}-active`);
  await client.prepare(`${key}-run`, { parent: `${key}-layer` });
  await client.stat(`${key}-run`);
  await client.remove(`${key}-run`);
  await client.remove(`${key}-layer`);
  return performance.now() - began;
}

async function round(serving: Serving, name: string) {
  const times: number[] = [];
  const before = serving.cpu();
  const began = performance.now();
  await Promise.all(
    Array.from({ length: workers }, async (_, worker) => {
      for (let n = 0; n < lifecycles / workers; n++) times.push(await lifecycle(serving, `${name}-${worker}-${n}`));
    }),
  );
  const changes = lifecycles * 5;
  return {
    changesPerSecond: (changes / (performance.now() - began)) * 1000,
    cpuPerChange: ((serving.cpu() - before) * 1000) / changes,
    p50: median(times),
    p99: percentile(times, 0.99),
  };
}

closeSandboxesOnSignal();
try {
  const stores = [];
  for (const amount of amounts) {
    const serving = await serve(await filledRoot(amount, sandbox));
    sandbox.atEnd(serving.stop);
    stores.push({ amount, serving, results: [] as Awaited<ReturnType<typeof round>>[] });
  }
  for (let n = 0; n <= rounds; n++)
    for (const { serving, results } of stores) {
      const result = await round(serving, `${Date.now()}-${n}`);
      // The first round warms up.
      if (n > 0) results.push(result);
    }
  for (const { amount, serving, results } of stores) {
    const of = (field: keyof (typeof results)[number]) => Number(median(results.map((one) => one[field])).toFixed(2));
    const figures = {
      changesPerSecond: of('changesPerSecond'),
      cpuPerChange: of('cpuPerChange'),
      p50: of('p50'),
      p99: of('p99'),
    };
    console.log(JSON.stringify({ ...amount, ready: serving.ready, ...serving.memory(), ...figures }));
  }
} finally {
  await sandbox.close();
}
