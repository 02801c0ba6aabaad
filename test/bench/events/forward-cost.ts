import { setPriority } from 'node:os';
import { join } from 'node:path';
import { createServing } from '../../fault/serving.ts';
import { startDaemon } from '../../support/daemon.ts';
import { freePort } from '../../support/free-port.ts';
import { closeSandboxesOnSignal, createSandbox } from '../../support/sandbox.ts';
import { forwardReportOf } from '../../torture/forward/rounds.ts';

/**
 * What forwarding costs those who write: calls a second of so many writers, without it and with it in turn, and the ratio
 * of each pair: `node build/test/bench/events/forward-cost.js [PAIRS] [SECONDS] [WRITERS] [PAUSE]`, PAUSE in milliseconds
 * between two calls of a writer. The stand-in for the cluster takes only what time is left over: a real one runs elsewhere.
 */
const [pairs = 4, seconds = 8, writers = 8, pause = 0] = process.argv.slice(2).map(Number);
const port = await freePort();

interface Leg {
  readonly callsPerSecond: number;
  /** events that the cluster did not hold at the end */
  readonly lag: number;
}

async function measure(forwarding: boolean): Promise<Leg> {
  const sandbox = createSandbox('bench-forward-cost');
  try {
    const url = `kurrentdb://127.0.0.1:${port}?tls=false`;
    const settings = forwarding ? `forward = { url = "${url}" }` : '';
    const serving = createServing(sandbox, { driver: 'memory', root: join(sandbox.path, 'root'), settings });
    const daemon = await serving.start();
    const clients = Array.from({ length: writers }, serving.connect);
    await write(clients, 3_000);
    const callsPerSecond = await write(clients, seconds * 1000);
    const report = await forwardReportOf(join(sandbox.path, 's.http.sock'));
    await daemon.stop();
    return { callsPerSecond, lag: report.state === 'off' ? 0 : report.lag };
  } finally {
    await sandbox.close();
  }
}

let turn = 0;
async function write(
  clients: readonly ReturnType<ReturnType<typeof createServing>['connect']>[],
  milliseconds: number,
) {
  const began = performance.now();
  let calls = 0;
  await Promise.all(
    clients.map(async (client) => {
      while (performance.now() - began < milliseconds) {
        const key = `key-${turn++}`;
        await client.prepare(key);
        await client.remove(key);
        calls += 2;
        if (pause > 0) await new Promise((resolve) => setTimeout(resolve, pause));
      }
    }),
  );
  return Math.round((calls / (performance.now() - began)) * 1000);
}

const sandbox = createSandbox('bench-forward-server');
closeSandboxesOnSignal();
try {
  const program = join(import.meta.dirname, '../../support/kurrent/process.js');
  const command = [process.execPath, program, String(port), join(sandbox.path, 'streams')] as const;
  const server = await startDaemon({ command, address: port, log: join(sandbox.path, 'server.log'), sandbox });
  setPriority(server.pid, 19);
  const ratios: number[] = [];
  for (let pair = 0; pair < pairs; pair++) {
    const without = await measure(false);
    const forwarded = await measure(true);
    ratios.push(Number((forwarded.callsPerSecond / without.callsPerSecond).toFixed(3)));
    console.log(
      JSON.stringify({ without: without.callsPerSecond, with: forwarded.callsPerSecond, lag: forwarded.lag }),
    );
  }
  console.log(JSON.stringify({ writers, pause, ratios }));
} finally {
  await sandbox.close();
}
