import { resolve } from 'node:path';
import { createSandbox } from '../support/sandbox.ts';
import { buildTools } from './build-tools.ts';
import { describeMachine } from './machine.ts';
import { type Choice, chosen } from './options.ts';
import { readResults, withNewer, writeResults } from './results.ts';
import type { Row } from './row.ts';
import { tableLine } from './table.ts';
import { workloads } from './workloads.ts';

const order = Object.keys(workloads);

/** Runs each workload on servers of its own, so that none finds what another has left. */
async function measure({ names, folder, ...options }: Choice): Promise<void> {
  const tools = await buildTools();
  const machine = describeMachine();
  const place = resolve(folder);
  const keep = (row: Row) => {
    const rows = withNewer(readResults(place), [row], order);
    writeResults(place, { machine, command: 'npm run bench', rows });
  };
  for (const name of names) {
    const sandbox = createSandbox('bench');
    try {
      for await (const row of workloads[name]?.({ ...options, sandbox, tools }) ?? []) {
        keep(row);
        console.log(tableLine(row));
      }
    } finally {
      await sandbox.close();
    }
  }
  console.log(`written to ${folder}: results.json, table.md, chart.svg`);
}

try {
  await measure(chosen(process.argv.slice(2), order));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
