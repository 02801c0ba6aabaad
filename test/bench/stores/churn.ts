import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { closeSandboxesOnSignal, createSandbox } from '../../support/sandbox.ts';
import { type Serving, serve } from './serving.ts';

/**
 * What grows with history: eight callers make and remove layers as a build does, and after each round it is counted what the
 * daemon holds. `node build/test/bench/stores/churn.js CYCLES ROUNDS [FILE]`, as root; FILE is a settings file.
 */
const [cycles = 2000, rounds = 10] = process.argv.slice(2, 4).map(Number);
const flags = process.argv.slice(4, 5).flatMap((file) => ['--config', file]);
const callers = 8;
const sandbox = createSandbox('bench-churn');

/** A layer, a container on it, and both gone: five changes. */
async function cycle({ client }: Serving, key: string): Promise<void> {
  await client.prepare(`${key}-active`);
  await client.commit(`${key}-layer`, `${key}-active`);
  await client.prepare(`${key}-run`, { parent: `${key}-layer` });
  await client.remove(`${key}-run`);
  await client.remove(`${key}-layer`);
}

function bytesIn(directory: string): number {
  if (!existsSync(directory)) return 0;
  const entries = readdirSync(directory, { withFileTypes: true, recursive: true }).filter((entry) => entry.isFile());
  return entries.reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);
}

closeSandboxesOnSignal();
try {
  const root = sandbox.folder('root');
  const serving = await serve(root, flags);
  sandbox.atEnd(serving.stop);
  for (let round = 1; round <= rounds; round++) {
    const began = performance.now();
    await Promise.all(
      Array.from({ length: callers }, async (_, caller) => {
        for (let n = 0; n < cycles / callers; n++) await cycle(serving, `default/${round}/${caller}-${n}`);
      }),
    );
    const seconds = (performance.now() - began) / 1000;
    await serving.client.cleanup();
    const figures = {
      cycles: round * cycles,
      seconds: Number(seconds.toFixed(1)),
      resident: serving.memory().resident,
      retained: await serving.metric('\nsnapledger_retained_snapshots'),
      pendingPurge: await serving.metric('\nsnapledger_volumes_pending_purge'),
      directories: readdirSync(join(root, 'snapshots')).length,
      logBytesPerCycle: Math.round(bytesIn(join(root, 'log')) / (round * cycles)),
      checkpoints: bytesIn(join(root, 'checkpoints')),
      index: bytesIn(join(root, 'index')),
    };
    console.log(JSON.stringify(figures));
  }
  await serving.stop();
  const again = await serve(root, flags);
  sandbox.atEnd(again.stop);
  console.log(JSON.stringify({ ready: again.ready, ...again.memory() }));
} finally {
  await sandbox.close();
}
