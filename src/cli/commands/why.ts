import type { State } from '../../../projections/state.ts';
import { createInquiry, type Explanation } from '../../app/explain/explain-snapshot.ts';
import { nearest } from '../../config/nearest.ts';
import { Fault } from '../../ports/fault.ts';
import { stateOf } from '../load-store.ts';
import { plain } from '../output/plain.ts';
import type { Print } from '../output/print.ts';
import { type RootOptions, storeRoot } from '../store-root.ts';
import type { World } from '../world.ts';

export interface WhyOptions extends RootOptions {
  readonly json?: boolean;
}

/** Prints why a snapshot is there, or is not any more: who made it, what holds it, who removed it and what led to that. */
export async function why(about: string, options: WhyOptions, world: World, print: Print): Promise<void> {
  const root = storeRoot(options);
  const log = await world.openLog(root);
  try {
    const state = await stateOf(log, await world.openCheckpoints(root));
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
    if (explanation === undefined) throw unheardOf(about, keys);
    print(options.json === true ? [JSON.stringify(jsonOf(state, explanation))] : textOf(state, explanation));
  } finally {
    await log.close();
  }
}

/** A living or retained snapshot may be named by the beginning of its key, where that is enough. */
function fullName({ index, volumes }: State, about: string): string {
  const begin = about.replace(/…$/, '');
  const keys = [
    ...[...index.values()].map(({ key }) => key),
    ...[...volumes.retained.values()].map(({ snapshot }) => snapshot.key),
  ];
  const [only, ...others] = [...new Set(keys.filter((key) => key.startsWith(begin)))];
  return only !== undefined && others.length === 0 && begin !== '' && !/^\d+$/.test(begin) ? only : about;
}

function unheardOf(about: string, keys: ReadonlySet<string>): Fault {
  const close = nearest(about, keys);
  return new Fault('io', `snapshot ${plain(about)}: no event of the log tells of it`, {
    hint: close === undefined ? '`snapledger log` shows all events' : `did you mean ${plain(close)}?`,
  });
}

const childrenOf = ({ lineage }: State, { id, now }: Explanation): readonly string[] => {
  const living = ['active', 'view', 'committed'].includes(now) ? [...(lineage.get(id)?.children ?? [])] : [];
  return living.flatMap(([child]) => lineage.get(child)?.key ?? []).sort();
};

const jsonOf = (state: State, explanation: Explanation) => ({
  ...explanation,
  id: String(explanation.id),
  children: childrenOf(state, explanation),
});

function textOf(state: State, explanation: Explanation): readonly string[] {
  const { id, key, now, story } = explanation;
  const children = childrenOf(state, explanation);
  return [
    `snapshot ${id} ${plain(key)}: ${now}`,
    ...story.map((part) => `  ${plain(part)}`),
    ...children.map((child) => `  held by its child ${plain(child)}`),
    ...(now === 'retained' ? [`  \`snapledger restore ${id}\` brings it back`] : []),
  ];
}
