import { statSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { ForwardReport } from '../../../src/app/forward/status.ts';
import { createServing, type Serving } from '../../fault/serving.ts';
import { type Daemon, startDaemon } from '../../support/daemon.ts';
import { freePort } from '../../support/free-port.ts';
import { loopbackUrl } from '../../support/kurrent/loopback-url.ts';
import { createSandbox, type Sandbox } from '../../support/sandbox.ts';
import { waitFor } from '../../support/wait-for.ts';
import { createRandom, type Random } from '../random.ts';
import { compareStream } from './compare.ts';
import { anyOmission } from './labels.ts';
import { startWriters, type Writers } from './writers.ts';

export interface ForwardOptions {
  readonly rounds: number;
  readonly seconds: number;
  readonly seed: number;
  readonly writers: number;
}

/** The result of a run. */
export interface ForwardSummary {
  readonly kills: { readonly daemon: number; readonly server: number };
  /** events in log and stream at the end */
  readonly events: number;
  /** labels that the stream lacks, by the settings of the daemons that sent their events */
  readonly omitted: number;
  /** all violations; the run ends at the first round with any */
  readonly findings: readonly string[];
}

interface Run {
  readonly sandbox: Sandbox;
  readonly random: Random;
  readonly serving: Serving;
  readonly port: number;
  readonly file: string;
  readonly kills: { daemon: number; server: number };
  daemon: Daemon;
  server: Daemon;
}

const compareEvery = 25;

/**
 * Kills the daemon or the server of the cluster, again and again, while writers are at work and events are forwarded. Each
 * daemon has another setting of the labels that are left out. Every so often, and at the end, the stream must become the log, position
 * by position, but for such labels. `say` receives the progress.
 */
export async function tortureForward(options: ForwardOptions, say: (line: string) => void): Promise<ForwardSummary> {
  const sandbox = createSandbox('torture-forward');
  try {
    const run = await begin(sandbox, options.seed);
    const writers = startWriters(run.serving, options.writers);
    try {
      return { kills: run.kills, ...(await runRounds(run, writers, options, say)) };
    } finally {
      await writers.end();
    }
  } finally {
    await sandbox.close();
  }
}

async function runRounds(
  run: Run,
  writers: Writers,
  { rounds, seconds }: ForwardOptions,
  say: (line: string) => void,
): Promise<Compared> {
  const end = performance.now() + seconds * 1000;
  for (let round = 1; ; round++) {
    await inject(run);
    const isLast = round >= rounds || performance.now() > end;
    if (!isLast && round % compareEvery !== 0) continue;
    writers.rest();
    const result = await compared(run);
    say(
      `round ${round}: ${result.events} events without ${result.omitted} labels, killed ${run.kills.daemon} daemons and ${run.kills.server} servers`,
    );
    if (isLast || result.findings.length > 0) return result;
    writers.work();
  }
}

type Compared = Omit<ForwardSummary, 'kills'>;

async function compared(run: Run): Promise<Compared> {
  try {
    const events = await settled(run);
    return { events, ...(await compareStream(run.serving.root, run.file)) };
  } catch (error) {
    return { events: 0, omitted: 0, findings: [`${error}\n${run.serving.lastWords()}`] };
  }
}

async function begin(sandbox: Sandbox, seed: number): Promise<Run> {
  const port = await freePort();
  const file = join(sandbox.path, 'streams');
  const server = await startServer(sandbox, port, file);
  const serving = createServing(sandbox, {
    driver: 'memory',
    root: join(sandbox.path, 'root'),
    settings: settingsFor(port, []),
  });
  const daemon = await serving.start();
  const kills = { daemon: 0, server: 0 };
  return { sandbox, random: createRandom(seed), serving, port, file, kills, daemon, server };
}

const settingsFor = (port: number, omitted: readonly string[]) =>
  `log = { segment_bytes = "64KiB" }\nforward = { url = "${loopbackUrl(port)}", omit_labels = ${JSON.stringify(omitted)} }`;

const startServer = (sandbox: Sandbox, port: number, file: string): Promise<Daemon> =>
  startDaemon({
    command: [process.execPath, join(import.meta.dirname, '../../support/kurrent/process.js'), String(port), file],
    address: port,
    log: join(sandbox.path, 'server.log'),
    sandbox,
  });

/** One kill, mostly after something was forwarded since the last one. */
async function inject(run: Run): Promise<void> {
  const { random, sandbox, serving, port, file, kills } = run;
  const began = sizeOf(file);
  await waitFor('events to be forwarded', () => sizeOf(file) > began, { limit: random.chance(0.2) ? 0 : 8_000 }).catch(
    () => {},
  );
  await pause(random.whole(0, 120));
  if (random.chance(0.5)) {
    kills.daemon += 1;
    await run.daemon.kill();
    serving.configure(settingsFor(port, anyOmission(random)));
    // A busy machine may take longer than the limit of a start.
    run.daemon = await serving.start().catch(() => serving.start());
  } else {
    kills.server += 1;
    await run.server.kill();
    await pause(random.whole(0, 300));
    run.server = await startServer(sandbox, port, file);
  }
}

const sizeOf = (file: string) => statSync(file, { throwIfNoEntry: false })?.size ?? 0;

/** Waits until everything is forwarded and returns the position. */
async function settled({ sandbox }: Run): Promise<number> {
  let report: ForwardReport = { state: 'off' };
  await waitFor(
    'the stream to reach the end of the log',
    async () => {
      report = await forwardReportOf(join(sandbox.path, 's.http.sock'));
      return report.state === 'forwarding' && report.lag === 0 && report.durable > 0;
    },
    { limit: 240_000, pause: 100 },
  ).catch((error) => {
    throw new Error(`${error.message}: ${JSON.stringify(report)}`);
  });
  return report.state === 'off' ? 0 : (report as { durable: number }).durable;
}

export function forwardReportOf(socketPath: string): Promise<ForwardReport> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, path: '/forward' }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => {
        text += part;
      });
      response.on('end', () => resolve(JSON.parse(text) as ForwardReport));
    });
    asked.on('error', reject);
    asked.end();
  });
}
