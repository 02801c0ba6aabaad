import { resolve } from 'node:path';
import { createSandbox } from '../support/sandbox.ts';
import { buildTools } from './build-tools.ts';
import { describeMachine } from './machine.ts';
import { type Choice, chosen } from './options.ts';
import { readResults, withNewer, writeResults } from './results.ts';
import type { Row } from './row.ts';
import { table } from './table.ts';
import { workloads } from './workloads.ts';

const order = Object.keys(workloads);

/** Runs each workload on servers of its own, so that none finds what another has left. */
async function measure({ names, folder, ...options }: Choice): Promise<void> {
  const tools = await buildTools();
  const machine = describeMachine();
  const found: Row[] = [];
  for (const name of names) {
    const sandbox = createSandbox('bench');
    try {
      for await (const row of workloads[name]?.({ ...options, sandbox, tools }) ?? []) {
        found.push(row);
        process.stdout.write(
          `${table({ machine, command: '', rows: [row] })
            .trimEnd()
            .split('\n')
            .at(-1)}\n`,
        );
      }
    } finally {
      await sandbox.close();
    }
  }
  const rows = withNewer(readResults(resolve(folder)), found, order);
  writeResults(resolve(folder), { machine, command: 'npm run bench', rows });
  console.log(`written to ${folder}: results.json, table.md, chart.svg`);
}

try {
  await measure(chosen(process.argv.slice(2), order));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
