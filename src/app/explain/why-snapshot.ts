import type { State } from '../../../projections/state.ts';
import { Fault } from '../../ports/fault.ts';
import type { StoreFiles } from '../../ports/store-files.ts';
import { nearestKeys } from '../audit/nearest-keys.ts';
import { onlyBeginning } from '../audit/only-beginning.ts';
import { stateAt } from '../audit/state-at.ts';
import { createInquiry, type Explanation } from './explain-snapshot.ts';

/** Why a snapshot is there, or is not any more, and what stands on it now. */
export interface Why extends Explanation {
  /** keys of its children, in order */
  readonly children: readonly string[];
}

/**
 * Reads the whole log for the snapshot that is meant by a key, a name, a number, or the beginning of the key of a living or
 * retained one. Throws a Fault (`missing`) that names the nearest keys.
 */
export async function whySnapshot(files: StoreFiles, about: string): Promise<Why> {
  const log = await files.openLog();
  try {
    const state = await stateAt(files, log, log.end.position);
    const inquiry = createInquiry(fullName(state, about));
    const keys = new Set<string>();
    for await (const batch of log.read(0))
      for (const envelope of batch) {
        inquiry.see(envelope);
        const { event } = envelope;
        if (event.type === 'SnapshotPrepared') keys.add(event.data.key);
        if (event.type === 'SnapshotCommitted') keys.add(event.data.name);
      }
    const explanation = inquiry.explain();
    if (explanation === undefined) throw unheardOf(about, [...keys]);
    return { ...explanation, children: childrenOf(state, explanation) };
  } finally {
    await log.close();
  }
}

/** The same as plain JSON. */
export const whyRow = (why: Why) => ({ ...why, id: String(why.id) });

function fullName({ index, volumes }: State, about: string): string {
  if (/^\d+…?$/.test(about)) return about;
  const keys = [
    ...[...index.values()].map(({ key }) => key),
    ...[...volumes.retained.values()].map(({ snapshot }) => snapshot.key),
  ];
  return onlyBeginning(new Set(keys), about, (key) => key) ?? about;
}

function unheardOf(about: string, keys: readonly string[]): Fault {
  const near = nearestKeys(about, keys);
  return new Fault('missing', `snapshot ${about}: no event of the log tells of it`, {
    hint: near.length === 0 ? '`snapledger log` shows all events' : `the nearest are: ${near.join(', ')}`,
  });
}

function childrenOf({ lineage }: State, { id, now }: Explanation): readonly string[] {
  const living = ['active', 'view', 'committed'].includes(now) ? [...(lineage.get(id)?.children ?? [])] : [];
  return living.flatMap(([child]) => lineage.get(child)?.key ?? []).sort();
}
