import * as t from 'io-ts';
import { Decimal, Kind, Labels } from '../../../events/codecs.ts';
import type { State } from '../../../projections/state.ts';
import { nullable } from '../queries/query.ts';
import { snapshotWith } from '../store/volume-of.ts';

/** A snapshot at one of two moments. `bytes` are its own, null if they were not measured by then. */
const Side = t.strict({ key: t.string, kind: Kind, labels: Labels, bytes: nullable(Decimal) });
type Side = t.TypeOf<typeof Side>;

/** `before` is null for one that appeared, `after` for one that vanished. `bytes` is what it added on disk, as far as measured. */
export const Change = t.strict(
  {
    how: t.keyof({ appeared: null, vanished: null, changed: null }),
    id: Decimal,
    before: nullable(Side),
    after: nullable(Side),
    bytes: Decimal,
  },
  'Change',
);
export type Change = t.TypeOf<typeof Change>;

/** Two positions and what changed between them. */
export interface Difference {
  readonly from: number;
  readonly to: number;
  readonly changes: readonly Change[];
}

/** What changed between two states, by id. A snapshot that came and went between them is not seen. */
export function differenceOf(before: State, after: State): Difference {
  const ids = new Set([...before.index.values(), ...after.index.values()].map(({ id }) => id));
  const changes = [...ids]
    .sort((a, b) => a - b)
    .flatMap((id): Change[] => {
      const [was, is] = [sideOf(before, id), sideOf(after, id)];
      if (JSON.stringify(was) === JSON.stringify(is)) return [];
      const how = was === null ? 'appeared' : is === null ? 'vanished' : 'changed';
      return [{ how, id, before: was, after: is, bytes: (is?.bytes ?? 0) - (was?.bytes ?? 0) }];
    });
  return { from: before.position, to: after.position, changes };
}

function sideOf(state: State, id: number): Side | null {
  const snapshot = snapshotWith(state, id);
  if (snapshot === undefined) return null;
  const { key, kind, labels } = snapshot;
  const sorted = Object.fromEntries(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
  return { key, kind, labels: sorted, bytes: state.usage.get(id)?.bytes ?? null };
}
