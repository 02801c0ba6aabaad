import { childrenOf } from '../../../projections/parent-graph.ts';
import type { State } from '../../../projections/state.ts';
import { Fault } from '../../ports/fault.ts';
import type { StoreFiles } from '../../ports/store-files.ts';
import { allEver, meantIn } from '../audit/find-snapshot.ts';
import { nearestKeys } from '../audit/nearest-keys.ts';
import { stateAt } from '../audit/state-at.ts';
import { createInquiry, type Explanation } from './explain-snapshot.ts';

/** Why a snapshot is there, or is not any more, and what stands on it now. */
export interface Why extends Explanation {
  /** keys of its children, in order */
  readonly children: readonly string[];
}

/**
 * Reads the whole log for the snapshot that is named by a text, as `meantIn`: of several under one key or name the last one.
 * Rejects with a Fault: `missing` that names the nearest keys, or an Ambiguous.
 */
export async function whySnapshot(files: StoreFiles, about: string): Promise<Why> {
  const log = await files.openLog();
  try {
    const state = await stateAt(files, log, log.end.position);
    const meant = await meantIn(log, async () => state, about);
    const [id] = meant?.ids ?? [];
    const inquiry = createInquiry(meant?.exact === false ? String(id) : about);
    for await (const batch of log.read(0)) for (const envelope of batch) inquiry.see(envelope);
    const explanation = inquiry.explain();
    if (explanation === undefined)
      throw unheardOf(
        about,
        (await allEver(log)).map(({ key }) => key),
      );
    return { ...explanation, children: keysOfChildren(state, explanation) };
  } finally {
    await log.close();
  }
}

/** The same as plain JSON. */
export const whyRow = (why: Why) => ({ ...why, id: String(why.id) });

function unheardOf(about: string, keys: readonly string[]): Fault {
  const near = nearestKeys(about, new Set(keys));
  return new Fault('missing', `snapshot ${about}: no event of the log tells of it`, {
    hint: near.length === 0 ? '`snapledger log` shows all events' : `the nearest are: ${near.join(', ')}`,
  });
}

function keysOfChildren({ parentGraph }: State, { id, now }: Explanation): readonly string[] {
  const living = ['active', 'view', 'committed'].includes(now) ? childrenOf(parentGraph, id) : [];
  return living.flatMap((child) => parentGraph.get(child)?.key ?? []).sort();
}
