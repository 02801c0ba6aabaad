import { resolve } from 'node:path';
import { closeSandboxesOnSignal, createSandbox } from '../support/sandbox.ts';
import { describeMachine } from './machine.ts';
import { type Choice, chosen, defaultFolder, usage } from './options.ts';
import { readResults, withNewer, writeResults } from './report/results.ts';
import { buildRevision, thisRevision } from './revision.ts';
import { comparisonLine, isRegression, rowLine } from './rows/line.ts';
import type { Origin, Row } from './rows/row.ts';
import { buildTools } from './servers/build-tools.ts';
import { type Build, nameOf } from './workload.ts';
import { pieces, sets } from './workloads.ts';

const order = pieces.map(({ workload }) => workload);

/** Runs each piece on servers of its own, so that none finds what another has left. */
async function* measured(choice: Choice, baseline?: Build): AsyncGenerator<Row> {
  const tools = await buildTools();
  for (const piece of choice.pieces) {
    const began = performance.now();
    console.log(`== ${nameOf(piece)}: ${piece.about}; against ${baseline?.name ?? piece.against}`);
    const sandbox = createSandbox('bench');
    try {
      yield* piece.measure({ ...choice, baseline, sandbox, tools, until: began + choice.minutes * 60_000 });
    } finally {
      await sandbox.close();
    }
    console.log(`   ${((performance.now() - began) / 60_000).toFixed(1)} min`);
  }
}

/** Measures beside containerd, and keeps each row. */
async function measure(choice: Choice): Promise<void> {
  const origin: Origin = {
    date: new Date().toISOString().slice(0, 10),
    revision: await thisRevision(),
    machine: describeMachine(),
  };
  console.log(`revision ${origin.revision} on ${origin.machine}`);
  for await (const row of measured(choice)) {
    keep(choice, [{ ...row, measured: origin }]);
    console.log(rowLine(row));
  }
  console.log(`written to ${choice.folder}`);
}

function keep({ folder }: Choice, rows: readonly Row[]): void {
  const place = resolve(folder);
  const document = place === resolve(defaultFolder) ? 'BENCHMARKS.md' : undefined;
  writeResults(place, withNewer(readResults(place), rows, order), document);
}

/** Measures beside another revision, prints each row and keeps none. Resolves to the number of regressions. */
async function compare(choice: Choice, revision: string): Promise<number> {
  const sandbox = createSandbox('bench-revision');
  try {
    const baseline = await buildRevision(revision, sandbox);
    let regressions = 0;
    // Stages are of this tree's modules, not of a daemon.
    const comparable = choice.pieces.filter(({ workload }) => workload !== 'stages');
    for await (const row of measured({ ...choice, pieces: comparable }, baseline)) {
      if (isRegression(row)) regressions++;
      console.log(comparisonLine(row));
    }
    console.log(`${regressions} regressions against ${revision}`);
    return regressions;
  } finally {
    await sandbox.close();
  }
}

closeSandboxesOnSignal();
try {
  const choice = chosen(process.argv.slice(2), pieces, sets);
  if (choice.help) console.log(usage(pieces, sets));
  else if (choice.tablesOnly) keep(choice, []);
  else if (choice.revision === undefined) await measure(choice);
  else if ((await compare(choice, choice.revision)) > 0) process.exitCode = 1;
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 2;
}
