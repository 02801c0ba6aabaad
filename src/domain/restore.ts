import * as either from 'fp-ts/lib/Either.js';
import type { State } from '../../projections/state.ts';
import type { Retained } from '../../projections/volumes.ts';
import { type Answer, refuse } from './refusal.ts';

/**
 * What an operator's `restore` brings back: the retained layer of that name or number (of several, the one removed last),
 * after all of its parents that are retained too. Or the refusal that says why it can't come back.
 */
export function restorable(state: State, name: string): Answer<readonly Retained[]> {
  const wanted = retainedAs(state, name);
  if (wanted === undefined) return refuseUnknown(state, name);
  const chain: Retained[] = [];
  for (let next: Retained | undefined = wanted; next !== undefined; ) {
    const { key, parent, parentId }: Retained['snapshot'] = next.snapshot;
    const taken = state.index.get(key);
    if (taken !== undefined)
      return refuse('failed-precondition', `snapshot ${key}: the name is taken again, by snapshot ${taken.id}`);
    if (!next.flushed)
      return refuse('failed-precondition', `snapshot ${key}: its data was never known to be on stable storage`);
    chain.unshift(next);
    if (parentId === null || state.lineage.has(parentId)) break;
    next = state.volumes.retained.get(parentId);
    if (next === undefined) return refuse('failed-precondition', `snapshot ${key}: its parent ${parent} is gone`);
  }
  return either.right(chain);
}

/** The retained layer of a name (of several the one removed last) or, where there is none of that name, of a number. */
export function retainedAs(state: State, name: string): Retained | undefined {
  const named = [...state.volumes.retained.values()].filter(({ snapshot }) => snapshot.key === name);
  const newest = named.reduce<Retained | undefined>(
    (found, next) => (found !== undefined && found.since > next.since ? found : next),
    undefined,
  );
  return newest ?? (/^\d+$/.test(name) ? state.volumes.retained.get(Number(name)) : undefined);
}

function refuseUnknown(state: State, name: string): Answer<never> {
  const living = state.index.get(name) ?? state.index.get(state.lineage.get(Number(name))?.key ?? '');
  if (living !== undefined) return refuse('already-exists', `snapshot ${living.key}: was not removed, it lives`);
  const doomed = state.volumes.doomed.get(Number(name));
  if (doomed !== undefined)
    return refuse(
      'failed-precondition',
      `snapshot ${name}: is being purged, ${doomed.why} at position ${doomed.since}`,
    );
  return refuse('not-found', `snapshot ${name}: no layer of that name or number is retained`);
}
