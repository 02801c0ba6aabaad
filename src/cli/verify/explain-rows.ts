import type { Snapshot } from '../../../projections/snapshot.ts';
import type { State } from '../../../projections/state.ts';
import type { Action } from '../../app/reconcile/action.ts';
import { pathOf, snapshotWith } from '../../app/store/volume-of.ts';
import type { Found } from '../../ports/volume-driver.ts';
import { dateOf } from '../output/text.ts';
import type { Noted } from './check-projections.ts';
import type { Row } from './report.ts';

interface Explained {
  readonly state: State;
  /** what the disk has below snapshots/ */
  readonly found: readonly Found[];
  /** what the reconciler would do about it */
  readonly findings: readonly Action[];
  /** names of the entries of pool/ */
  readonly pool: readonly string[];
  /** names of the entries of quarantine/ */
  readonly aside: readonly string[];
  readonly quarantined: readonly Noted<'OrphanQuarantined'>[];
}

/** A line for each snapshot that exists, is retained or pending purge, and for each directory that the disk has. */
export function explainRows({ state, found, findings, pool, aside, quarantined }: Explained): readonly Row[] {
  const byId = new Map(findings.flatMap((action) => (action.id === null ? [] : [[action.id, action] as const])));
  const byPath = new Map(findings.flatMap((action) => ('path' in action ? [[action.path, action] as const] : [])));
  const moved = new Map(quarantined.map((fact) => [fact.data.moved, fact]));
  return [
    ...byNumber([...state.index.values()]).map((snapshot) => snapshotRow(state, snapshot, byId.get(snapshot.id))),
    ...byNumber([...state.volumes.retained.values()].map(({ snapshot }) => snapshot)).map((snapshot) =>
      retainedRow(state, snapshot, byId.get(snapshot.id)),
    ),
    ...[...state.volumes.pendingPurge].map(
      ([id, { why, since }]): Row => ({
        ...{ row: 'snapshot', about: pathOf(id), id, is: 'pending purge', odd: false },
        why: `${why} at position ${since}, not yet purged`,
      }),
    ),
    ...byNumber(found).map((volume) =>
      directoryRow(state, volume, byPath.get(volume.path) ?? byId.get(volume.id ?? -1)),
    ),
    ...pool
      .map((name) => `pool/${name}`)
      .flatMap((path) => (found.some((entry) => entry.path === path) ? [] : [poolRow(path)])),
    ...aside.map((name) => asideRow(`quarantine/${name}`, moved.get(`quarantine/${name}`))),
  ];
}

const byNumber = <T extends { readonly id: number | null }>(all: readonly T[]): readonly T[] =>
  [...all].sort((a, b) => (a.id ?? Number.POSITIVE_INFINITY) - (b.id ?? Number.POSITIVE_INFINITY) || 0);

function snapshotRow(state: State, { id, key, kind, parent }: Snapshot, finding: Action | undefined): Row {
  const wanted = state.volumes.wanted.get(id);
  const children = state.parentGraph.get(id)?.children ?? 0;
  const reason = [
    `prepared at position ${wanted?.prepared ?? 'unknown'}`,
    ...(parent === '' ? [] : [`on ${parent}`]),
    ...(children === 0 ? [] : [`parent of ${children}`]),
  ].join(', ');
  return { row: 'snapshot', about: key, id, is: kind, why: finding?.why ?? reason, odd: finding !== undefined };
}

function retainedRow(state: State, { id, key }: Snapshot, finding: Action | undefined): Row {
  const why = finding?.why ?? retainedWhy(state, id);
  return { row: 'snapshot', about: key, id, is: 'retained', why, odd: finding !== undefined };
}

const retainedWhy = (state: State, id: number): string => {
  const { since = 0, removed = 0n } = state.volumes.retained.get(id) ?? {};
  return `removed at position ${since}, ${dateOf(removed)}; \`snapledger restore ${id}\` brings it back`;
};

function directoryRow(state: State, { path, id }: Found, finding: Action | undefined): Row {
  const row = { row: 'directory', about: path, id } as const;
  const snapshot = id === null ? undefined : snapshotWith(state, id);
  const is = snapshot?.kind ?? 'unknown';
  if (finding !== undefined) return { ...row, is, why: finding.why, odd: true };
  if (snapshot !== undefined) return { ...row, is, why: `the volume of ${snapshot.key}`, odd: false };
  if (id !== null && state.volumes.retained.has(id))
    return { ...row, is: 'retained', why: retainedWhy(state, id), odd: false };
  const pending = id === null ? undefined : state.volumes.pendingPurge.get(id);
  if (pending !== undefined)
    return {
      ...row,
      is: 'pending purge',
      why: `${pending.why} at position ${pending.since}, waits for its purge`,
      odd: false,
    };
  return { ...row, is, why: 'was there for a moment only: a call under way', odd: false };
}

const poolRow = (path: string): Row => ({
  ...{ row: 'directory', about: path, id: null, is: 'made ahead', odd: false },
  why: 'an empty volume, for one of the next snapshots; the next start deletes it',
});

function asideRow(path: string, fact: Noted<'OrphanQuarantined'> | undefined): Row {
  const row = { row: 'directory', about: path, id: fact?.data.id ?? null, odd: false } as const;
  if (fact === undefined) return { ...row, is: 'unknown', why: 'not in any event of the log: put there by hand?' };
  const { path: from, why } = fact.data;
  return { ...row, is: 'quarantined', why: `was ${from} until position ${fact.position}: ${why}` };
}
