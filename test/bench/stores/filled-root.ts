import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Amount, fillRoot } from '../../support/fill-root.ts';
import type { Sandbox } from '../../support/sandbox.ts';

/**
 * A root that holds so much. BENCH_ROOTS, a folder, keeps it for the next run, or has it from one before; else it goes
 * with the sandbox.
 */
export async function filledRoot(amount: Amount, sandbox: Sandbox): Promise<string> {
  const name = `${amount.snapshots}-${amount.events}`;
  const { BENCH_ROOTS: folder } = process.env;
  const root = folder === undefined ? sandbox.folder(name) : join(folder, name);
  if (!existsSync(join(root, 'store'))) await fillRoot(root, amount);
  return root;
}
