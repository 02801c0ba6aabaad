import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Command } from 'commander';
import type { Anchor } from '../../app/audit/anchor.ts';
import { stateAt, withLog } from '../../app/audit/state-at.ts';
import type { ReadableLog } from '../../ports/readable-log.ts';
import type { CliDeps } from '../cli-deps.ts';
import { collect, jsonOption, storeCommand } from '../options.ts';
import { type Print, print } from '../output/print.ts';
import { type RootOptions, storeRoot } from '../store-files.ts';
import { checkDisk } from '../verify/check-disk.ts';
import { checkLayers } from '../verify/check-layers.ts';
import { anchorsGiven, checkChain, checkLogAnchors, withRepairs } from '../verify/check-log.ts';
import { checkParents } from '../verify/check-parents.ts';
import { checkProjections } from '../verify/check-projections.ts';
import { explainRows } from '../verify/explain-rows.ts';
import { type Finding, type Row, reportLines, rowLines, verdictOf } from '../verify/report.ts';

interface VerifyOptions extends RootOptions {
  readonly json?: boolean;
  /** anchors that were kept elsewhere, as lines or @FILE */
  readonly anchor?: readonly string[];
  /** compare the layers with their measurements and manifests */
  readonly deep?: boolean;
  /** report every snapshot and directory */
  readonly all?: boolean;
}

export function addVerify(program: Command, deps: CliDeps): void {
  storeCommand(program, 'verify', 'check log, projections, parents and disk; exit status 0, 1 (findings), 3 (damage)')
    .addOption(jsonOption('one snapshot or directory a line, and at the end one object with every step'))
    .option('--deep', 'compare every layer with its measurement and its manifest: reads all files that have one')
    .option('--all', 'report every snapshot and directory, with the reason')
    .option(
      '--anchor <anchor>',
      'the log must contain these lines of `anchor`, comma-separated, or those in @FILE (can be repeated)',
      collect,
    )
    .action(async (options: VerifyOptions) => {
      process.exitCode = await verify(options, deps, print);
    });
}

/** Milliseconds between two comparisons: a call in progress at the first one has ended. */
const recheckAfter = 500;

/** Checks a store step by step, changes nothing and returns the exit status: 0 no findings, 1 findings, 3 damage. */
export async function verify(
  { json, all, deep = false, anchor = [], ...options }: VerifyOptions,
  deps: CliDeps,
  print: Print,
): Promise<number> {
  const root = storeRoot(options);
  const { reports, rows } = await checked({ root, deps, deep, anchors: anchorsGiven(anchor) });
  const status = verdictOf(reports);
  if (json === true) {
    print(rows.map((row) => JSON.stringify(row)));
    print([JSON.stringify({ root, status, steps: reports })]);
    return status;
  }
  if (all === true && rows.length > 0) print(rowLines(rows));
  print(reportLines(reports));
  return status;
}

interface Asked {
  readonly root: string;
  readonly deps: CliDeps;
  readonly deep: boolean;
  readonly anchors: readonly Anchor[];
}

/** Runs the steps in order: chain, anchors, projections, parents, volumes, orphans, layers. Those after damage of the log are left out. */
async function checked({ root, deps, deep, anchors }: Asked) {
  const inspected = await deps.inspectLog(root);
  const chain = checkChain(inspected);
  if (chain.corrupt) return { reports: [chain], rows: [] };

  const files = deps.storeFiles(root);
  const checkpoints = await files.openCheckpoints();
  const later = <T>(fn: (log: ReadableLog) => Promise<T>) => pause(recheckAfter).then(() => withLog(files, fn));
  const { anchored, replayed } = await withLog(files, async (log) => ({
    anchored: anchors.length === 0 ? [] : [await checkLogAnchors(log, anchors)],
    replayed: await checkProjections(log, checkpoints, later),
  }));
  const { state, report, repairs, quarantined } = replayed;
  const logReports = [withRepairs(chain, inspected.gaps, repairs), ...anchored, report];
  if (report.corrupt) return { reports: logReports, rows: [] };

  const stateLater = () => later((log) => stateAt({ openCheckpoints: async () => checkpoints }, log, log.end.position));
  const disk = await checkDisk(state, await deps.openScan(root, state.storeInfo.driver), stateLater);
  const layers = deep
    ? [await checkLayers(state, await deps.openInspector(root, state.storeInfo.driver), stateLater)]
    : [];
  const aside = namesIn(join(root, 'quarantine'));
  const pool = namesIn(join(root, 'pool'));
  const rows = explainRows({ state, found: disk.found, findings: disk.confirmed, pool, aside, quarantined });
  const marked = markedBy(layers.flatMap(({ findings }) => findings));
  return { reports: [...logReports, checkParents(state), ...disk.reports, ...layers], rows: rows.map(marked) };
}

/** Marks the rows of snapshots whose layers have findings. */
function markedBy(findings: readonly Finding[]): (row: Row) => Row {
  return (row) => {
    const finding =
      row.row === 'snapshot' && !row.odd ? findings.find(({ snapshot }) => snapshot === row.id) : undefined;
    return finding === undefined ? row : { ...row, why: finding.what, odd: true };
  };
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory).sort();
  } catch {
    // Nothing was ever there.
    return [];
  }
}
