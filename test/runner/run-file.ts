import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { groupEnds, killGroup } from './process-group.ts';
import type { Ending } from './verdict.ts';
import { totalsIn } from './verdict.ts';

interface RunOptions {
  /** how long it may take */
  readonly limitSeconds: number;
  /** how long it may continue after it has printed its totals, and its children after its end; 60 by default */
  readonly graceSeconds?: number;
  /** added to this process's environment */
  readonly env?: Readonly<Record<string, string>>;
}

const running = new Set<number>();

/**
 * Runs a script as the leader of its own process group, with its output in a file, so that a kill loses none of it.
 * When it ends, the rest of the group is killed, and is gone when this resolves.
 */
export async function runFile(node: string, script: string, options: RunOptions): Promise<Ending> {
  const folder = mkdtempSync(join(tmpdir(), 'snapledger-run-'));
  try {
    const path = join(folder, 'output');
    const output = { fd: openSync(path, 'w'), text: () => readFileSync(path, 'utf8') };
    const ending = await runInGroup([node, script], output, options).finally(() => closeSync(output.fd));
    return { ...ending, output: output.text() };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Kills every group that still runs, at the runner's own end. */
export function killAll(): void {
  for (const group of running) killGroup(group);
}

interface Output {
  readonly fd: number;
  text(): string;
}

async function runInGroup(
  [node, script]: readonly [string, string],
  output: Output,
  { limitSeconds, graceSeconds = 60, env = {} }: RunOptions,
): Promise<Omit<Ending, 'output'>> {
  const child = spawn(node, ['--enable-source-maps', script], {
    detached: true,
    stdio: ['ignore', output.fd, output.fd],
    env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: '0', ...env },
  });
  const exit = once(child, 'exit');
  const group = child.pid;
  if (group === undefined) throw await exit.then(() => new Error(`${node} did not start`));
  running.add(group);
  const watch = watchGroup(group, output, limitSeconds, graceSeconds);
  const [exitCode, signal] = (await exit.finally(watch.end)) as [number | null, string | null];
  const killed = watch.killed();
  const leftProcesses = killed === null && !(await groupEnds(group, graceSeconds));
  killGroup(group);
  await groupEnds(group, 60);
  running.delete(group);
  return { exitCode, signal, killed, leftProcesses };
}

/** Kills a group that takes too long, or that continues after its totals. */
function watchGroup(group: number, output: Output, limitSeconds: number, graceSeconds: number) {
  let killed: Ending['killed'] = null;
  let seconds = 0;
  let overSince: number | undefined;
  const timer = setInterval(() => {
    seconds++;
    if (overSince === undefined && totalsIn(output.text()).length > 0) overSince = seconds;
    if (overSince !== undefined && seconds - overSince >= graceSeconds) killed ??= 'lingering';
    if (seconds >= limitSeconds) killed ??= 'limit';
    if (killed !== null) killGroup(group);
  }, 1000);
  return { killed: () => killed, end: () => clearInterval(timer) };
}
