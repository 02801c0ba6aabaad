import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { run } from '../support/run.ts';
import type { Sandbox } from '../support/sandbox.ts';
import type { Build } from './workload.ts';

const lock = 'package-lock.json';

/**
 * Builds the daemon of another revision in a clone, which is deleted with the sandbox. The clone is below `.cache`: on this file
 * system packages can be linked, if the revision has the same ones. Rejects if there is no such revision or it does not build.
 */
export async function buildRevision(revision: string, sandbox: Sandbox): Promise<Build> {
  const verify = ['rev-parse', '--verify', '--quiet', '--end-of-options', `${revision}^{commit}`];
  const { status, stdout } = await run('git', verify, { anyStatus: true });
  if (status !== 0) throw new TypeError(`--compare ${revision}: no such revision; name a commit, branch or tag`);
  mkdirSync('.cache/bench', { recursive: true });
  const folder = mkdtempSync(resolve('.cache/bench/revision-'));
  sandbox.atEnd(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  await run('git', ['clone', '--quiet', '--shared', '--no-checkout', '.', folder]);
  await run('git', ['-C', folder, 'checkout', '--quiet', '--detach', stdout.trim()]);
  const same = readFileSync(lock, 'utf8') === readFileSync(join(folder, lock), 'utf8');
  if (same) await run('cp', ['--archive', '--link', 'node_modules', folder]);
  else await run('npm', ['ci', '--prefer-offline', '--no-audit', '--no-fund', '--prefix', folder], { limit: 600_000 });
  await run('npm', ['run', '--silent', 'build', '--prefix', folder], { limit: 600_000 });
  return { name: revision, file: join(folder, 'dist/bin/snapledger.cjs') };
}

/** The commit that is checked out, with a plus sign if files differ from it; `DAEMON` is named if it is set. */
export async function thisRevision(): Promise<string> {
  if (process.env.DAEMON !== undefined) return `DAEMON=${basename(process.env.DAEMON)}`;
  const { stdout: commit } = await run('git', ['rev-parse', '--short=8', 'HEAD']);
  const unchanged = ['diff', '--quiet', 'HEAD', '--', 'src', 'events', 'projections', 'package-lock.json'];
  const { status } = await run('git', unchanged, { anyStatus: true });
  return status === 0 ? commit.trim() : `${commit.trim()}+`;
}
