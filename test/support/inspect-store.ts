import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { State } from '../../projections/state.ts';
import { verify } from '../../src/cli/commands/verify.ts';
import { loadStore } from '../../src/cli/store-files.ts';
import { cliDeps } from '../../src/compose/cli-deps.ts';

/** What `snapledger verify` says of a root, run in this process: the exit status and its lines. */
export async function verified(root: string): Promise<{ readonly status: number; readonly text: string }> {
  const text: string[] = [];
  const status = await verify({ root }, cliDeps, (lines) => void text.push(...lines));
  return { status, text: text.join('\n') };
}

/** The state from a root's log, whether its daemon runs or not. */
export const stateOfRoot = (root: string): Promise<State> => loadStore({ root }, cliDeps);

/** The types of all events in a root's log, after a position. */
export async function eventsOf(root: string, after = 0): Promise<readonly string[]> {
  const log = await cliDeps.storeFiles(root).openLog();
  const types: string[] = [];
  for await (const envelopes of log.read(after)) types.push(...envelopes.map(({ event }) => event.type));
  await log.close();
  return types;
}

/** Names below `snapshots/` and `quarantine/`. */
export function onDisk(root: string): {
  readonly snapshots: readonly string[];
  readonly quarantine: readonly string[];
} {
  const names = (folder: string) => (existsSync(join(root, folder)) ? readdirSync(join(root, folder)).sort() : []);
  return { snapshots: names('snapshots'), quarantine: names('quarantine') };
}
