import { resolve } from 'node:path';
import { createSandbox } from '../support/sandbox.ts';
import { buildTools } from './build-tools.ts';
import { comparisonLine, isRegression } from './compare.ts';
import { describeMachine } from './machine.ts';
import { type Choice, chosen } from './options.ts';
import { readResults, withNewer, writeResults } from './results.ts';
import { buildRevision } from './revision.ts';
import type { Row } from './row.ts';
import { tableLine } from './table.ts';
import type { Build } from './workload.ts';
import { workloads } from './workloads.ts';

const order = Object.keys(workloads);

/** Runs each workload on servers of its own, so that none finds what another has left. */
async function* measured(choice: Choice, baseline?: Build): AsyncGenerator<Row> {
  const tools = await buildTools();
  for (const name of choice.names) {
    const sandbox = createSandbox('bench');
    try {
      yield* workloads[name]?.({ ...choice, baseline, sandbox, tools }) ?? [];
    } finally {
      await sandbox.close();
    }
  }
}

/** Measures beside containerd, and keeps each row. */
async function measure(choice: Choice): Promise<void> {
  const machine = describeMachine();
  const place = resolve(choice.folder);
  for await (const row of measured(choice)) {
    const rows = withNewer(readResults(place), [row], order);
    writeResults(place, { machine, command: 'npm run bench', rows });
    console.log(tableLine(row));
  }
  console.log(`written to ${choice.folder}: results.json, table.md, chart.svg`);
}

/** Measures beside another revision, prints each row and keeps none. Resolves to the number of regressions. */
async function compare(choice: Choice, revision: string): Promise<number> {
  const sandbox = createSandbox('bench-revision');
  try {
    const baseline = await buildRevision(revision, sandbox);
    let regressions = 0;
    // Stages are of this tree's modules, not of a daemon.
    const names = choice.names.filter((name) => name !== 'stages');
    for await (const row of measured({ ...choice, names }, baseline)) {
      if (isRegression(row)) regressions++;
      console.log(comparisonLine(row));
    }
    console.log(`${regressions} regressions against ${revision}`);
    return regressions;
  } finally {
    await sandbox.close();
  }
}

try {
  const choice = chosen(process.argv.slice(2), order);
  if (choice.revision === undefined) await measure(choice);
  else if ((await compare(choice, choice.revision)) > 0) process.exitCode = 1;
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 2;
}
