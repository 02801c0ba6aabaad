import { setTimeout as pause } from 'node:timers/promises';
import { stateOf } from '../load-store.ts';
import type { Print } from '../output/print.ts';
import { type RootOptions, storeRoot } from '../store-root.ts';
import { checkChain } from '../verify/check-chain.ts';
import { checkDisk } from '../verify/check-disk.ts';
import { checkParents } from '../verify/check-parents.ts';
import { checkProjections } from '../verify/check-projections.ts';
import { reportLines } from '../verify/report-lines.ts';
import { type StepReport, verdictOf } from '../verify/step-report.ts';
import type { World } from '../world.ts';

export interface VerifyOptions extends RootOptions {
  readonly json?: boolean;
}

/** Long enough for a call that was under way at the first look to end. */
const betweenLooks = 500;

/**
 * Checks a store step by step, changes nothing and answers the exit status: 0 in order, 1 findings, 3 damage. Steps that
 * rest on a damaged log are left out.
 */
export async function verify(options: VerifyOptions, world: World, print: Print): Promise<number> {
  const root = storeRoot(options);
  const reports = await steps(root, world);
  const status = verdictOf(reports);
  print(options.json === true ? [JSON.stringify({ root, status, steps: reports })] : reportLines(reports));
  return status;
}

async function steps(root: string, world: World): Promise<readonly StepReport[]> {
  const chain = checkChain(await world.inspectLog(root));
  if (chain.corrupt) return [chain];
  const checkpoints = await world.openCheckpoints(root);
  const log = await world.openLog(root);
  const { state, report } = await checkProjections(log, checkpoints).finally(() => log.close());
  const scan = await world.openScan(root, state.life.driver);
  const later = async () => {
    await pause(betweenLooks);
    const now = await world.openLog(root);
    return stateOf(now, checkpoints).finally(() => now.close());
  };
  return [chain, report, checkParents(state), ...(await checkDisk(state, scan, later))];
}
