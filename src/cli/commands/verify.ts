import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Anchor } from '../../app/audit/anchor.ts';
import { stateAt } from '../../app/audit/state-at.ts';
import type { World } from '../cli-deps.ts';
import type { Print } from '../output/print.ts';
import { type RootOptions, storeRoot } from '../store-root.ts';
import { checkChain, withRepairs } from '../verify/check-chain.ts';
import { checkDisk } from '../verify/check-disk.ts';
import { checkLayers } from '../verify/check-layers.ts';
import { anchorsGiven, checkLogAnchors } from '../verify/check-log-anchors.ts';
import { checkParents } from '../verify/check-parents.ts';
import { checkProjections } from '../verify/check-projections.ts';
import { explainRows } from '../verify/explain-rows.ts';
import { reportLines, rowLines } from '../verify/report-lines.ts';
import type { Row } from '../verify/row.ts';
import { type Finding, type StepReport, verdictOf } from '../verify/step-report.ts';

export interface VerifyOptions extends RootOptions {
  readonly json?: boolean;
  /** heads of the chain that were kept elsewhere, as lines or @FILE */
  readonly anchor?: readonly string[];
  /** compare the layers themselves with what was measured of them and with their manifests */
  readonly deep?: boolean;
  /** tell of every row, not only of the odd ones */
  readonly all?: boolean;
}

/** Long enough for a call that was under way at the first look to end. */
const betweenLooks = 500;

interface Verified {
  readonly reports: readonly StepReport[];
  readonly rows: readonly Row[];
}

/**
 * Checks a store step by step, changes nothing and answers the exit status: 0 in order, 1 findings, 3 damage. Steps that
 * rest on a damaged log are left out.
 */
export async function verify(
  { json, all, deep = false, anchor = [], ...options }: VerifyOptions,
  world: World,
  print: Print,
): Promise<number> {
  const root = storeRoot(options);
  const anchors = anchorsGiven(anchor);
  const { reports, rows } = await verified(root, world, { anchors, deep });
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
  readonly anchors: readonly Anchor[];
  readonly deep: boolean;
}

async function verified(root: string, world: World, { anchors, deep }: Asked): Promise<Verified> {
  const inspected = await world.inspectLog(root);
  const chain = checkChain(inspected);
  if (chain.corrupt) return { reports: [chain], rows: [] };
  const checkpoints = await world.openCheckpoints(root);
  const log = await world.openLog(root);
  const reopen = async () => {
    await pause(betweenLooks);
    return world.openLog(root);
  };
  const anchored = anchors.length === 0 ? [] : [await checkLogAnchors(log, anchors)];
  const replayed = await checkProjections(log, checkpoints, reopen).finally(() => log.close());
  const { state, report, repairs, quarantined } = replayed;
  const before = [withRepairs(chain, inspected.gaps, repairs), ...anchored, report];
  if (report.corrupt) return { reports: before, rows: [] };
  const scan = await world.openScan(root, state.storeInfo.driver);
  const later = async () => {
    const now = await reopen();
    return stateAt({ openCheckpoints: async () => checkpoints }, now, now.end.position).finally(() => now.close());
  };
  const { reports, found, confirmed } = await checkDisk(state, scan, later);
  const layers = deep ? [await checkLayers(state, await world.openInspector(root, state.storeInfo.driver), later)] : [];
  const aside = namesIn(join(root, 'quarantine'));
  const explained = explainRows({ state, found, findings: confirmed, aside, quarantined });
  const rows = explained.map((row) =>
    markedBy(
      layers.flatMap(({ findings }) => findings),
      row,
    ),
  );
  return { reports: [...before, checkParents(state), ...reports, ...layers], rows };
}

/** A row of a snapshot is odd where its layer is. */
function markedBy(findings: readonly Finding[], row: Row): Row {
  const finding = row.row === 'snapshot' && !row.odd ? findings.find(({ snapshot }) => snapshot === row.id) : undefined;
  return finding === undefined ? row : { ...row, why: finding.what, odd: true };
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory).sort();
  } catch {
    // None was ever moved there.
    return [];
  }
}
