import * as either from 'fp-ts/lib/Either.js';
import type { Snapshot } from '../../../projections/snapshot.ts';
import type { State } from '../../../projections/state.ts';
import { parseFilters } from '../../domain/filter/parse-filters.ts';
import { Fault } from '../../ports/fault.ts';

/** The living snapshots that any of containerd's filters takes, all without one, by number. Throws a Fault (`misuse`) for a filter that does not parse. */
export function listSnapshots({ index }: State, filters: readonly string[]): readonly Snapshot[] {
  const matches = parseFilters(filters);
  if (either.isLeft(matches))
    throw new Fault('misuse', matches.left.text, {
      hint: 'filters are as in `ctr snapshots ls`: kind==committed, name~=sha256, labels."a"==b',
    });
  return [...index.values()].filter(matches.right).sort((a, b) => a.id - b.id);
}
