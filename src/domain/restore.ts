import * as either from 'fp-ts/lib/Either.js';
import type { State } from '../../projections/state.ts';
import type { Retained } from '../../projections/volumes.ts';
import { type Answer, refuse } from './commands.ts';
import { type Candidate, listed, named } from './named.ts';

/**
 * What an operator's `restore` restores: the retained layer that a text names (of several of one name, the one removed last),
 * after all of its parents that are retained too. Or the refusal that says why it can't be restored.
 */
export function restorable(state: State, name: string): Answer<readonly Retained[]> {
  const meant = retainedAs(state, name);
  if (meant.length > 1)
    return refuse('failed-precondition', `snapshot ${name}: names ${meant.length} retained layers: ${listed(meant)}`);
  const wanted = state.volumes.retained.get(meant[0]?.id ?? 0);
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
    if (parentId === null || state.parentGraph.has(parentId)) break;
    next = state.volumes.retained.get(parentId);
    if (next === undefined) return refuse('failed-precondition', `snapshot ${key}: its parent ${parent} is gone`);
  }
  return either.right(chain);
}

/** The retained layers that a text names, as `named`; of several under one name only the one that was removed last. */
export function retainedAs({ volumes }: State, name: string): readonly Candidate[] {
  const newest = new Map<string, Retained>();
  for (const retained of volumes.retained.values()) {
    const { key } = retained.snapshot;
    if ((newest.get(key)?.since ?? 0) < retained.since) newest.set(key, retained);
  }
  const found = named(
    [...newest.values()].map(({ snapshot: { id, key }, diffId }) => ({ id, key, diffId })),
    name,
  );
  const byId = volumes.retained.get(Number(name));
  return found.length === 0 && byId !== undefined ? [byId.snapshot] : found;
}

function refuseUnknown(state: State, name: string): Answer<never> {
  const existing = state.index.get(name) ?? state.index.get(state.parentGraph.get(Number(name))?.key ?? '');
  if (existing !== undefined) return refuse('already-exists', `snapshot ${existing.key}: was not removed, it exists`);
  const pending = state.volumes.pendingPurge.get(Number(name));
  if (pending !== undefined)
    return refuse(
      'failed-precondition',
      `snapshot ${name}: is being purged, ${pending.why} at position ${pending.since}`,
    );
  return refuse('not-found', `snapshot ${name}: no layer of that name or id is retained`);
}
