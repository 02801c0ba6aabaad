import * as t from 'io-ts';
import { Whole } from '../../../../events/codecs.ts';
import type { Envelope } from '../../../../events/envelope.ts';
import type { FleetUsage, UsageRef } from '../../../ports/fleet-database.ts';
import type { Draft } from './draft.ts';
import type { ShareChange } from './snapshots.ts';

/** A day's row; `partial` if it lacks what earlier batches counted on that day. */
export interface UsageDraft extends Draft<FleetUsage> {
  partial: boolean;
}

const Level = t.tuple([t.string, t.string, t.array(Whole)]);
type Level = t.TypeOf<typeof Level>;

/** The newest row of each namespace with snapshots, by position: clocks may run backwards. */
export const Levels = t.array(Level);
export type Levels = t.TypeOf<typeof Levels>;

const counts = [
  'prepared',
  'committed',
  'removed',
  'lost',
  'bytesAdded',
  'bytesRemoved',
  'snapshots',
  'bytes',
] as const;
/** those that add up over a day */
const flows = counts.slice(0, 6);

/** Existing snapshots and their measured bytes of all namespaces. */
export const totalOf = (levels: Levels) => ({
  snapshots: levels.reduce((sum, [, , figures]) => sum + (figures[6] ?? 0), 0),
  bytes: levels.reduce((sum, [, , figures]) => sum + (figures[7] ?? 0), 0),
});

/** Usage by day and namespace of one store. */
export interface UsageDrafts {
  fold(envelope: Envelope, changes: readonly ShareChange[]): void;
  changed(): readonly UsageDraft[];
  levels(): Levels;
}

export function createUsageDrafts(store: string, before: Levels): UsageDrafts {
  /** the newest row of each namespace */
  const newest = new Map<string, UsageDraft>(
    before.map(([namespace, day, figures]) => {
      const row: UsageDraft = { ...noUsage, store, namespace, day, partial: false };
      for (const [at, count] of counts.entries()) row[count] = figures[at] ?? 0;
      return [namespace, row];
    }),
  );
  const rows = new Map<string, UsageDraft>();
  const changed = new Set<UsageDraft>();
  for (const row of newest.values()) rows.set(keyOf(row), row);

  const rowAt = (namespace: string, day: string): UsageDraft => {
    const latest = newest.get(namespace);
    if (latest?.day === day) {
      changed.add(latest);
      return latest;
    }
    const { snapshots, bytes } = latest ?? noUsage;
    const row = rows.get(keyOf({ store, namespace, day })) ?? { ...noUsage, store, namespace, day, partial: true };
    Object.assign(row, { snapshots, bytes });
    rows.set(keyOf(row), row);
    newest.set(namespace, row);
    changed.add(row);
    return row;
  };
  const dayOf = createDays();
  return {
    fold: ({ event, time }, changes) => {
      for (const { before, after } of changes) {
        const day = dayOf(time);
        if (before !== undefined && before.namespace !== after?.namespace)
          leave(rowAt(before.namespace, day), before.bytes, event.type === 'VolumeLost' ? 'lost' : 'removed');
        if (after === undefined) continue;
        const commits =
          event.type === 'SnapshotCommitted' || (event.type === 'SnapshotTakenOver' && event.data.kind === 'committed');
        const had = before?.namespace === after.namespace ? before.bytes : undefined;
        if (had === after.bytes && !commits) continue;
        const row = rowAt(after.namespace, day);
        if (had === undefined) enter(row);
        if (commits) row.committed += 1;
        grow(row, after.bytes - (had ?? 0));
      }
    },
    changed: () => [...changed],
    levels: () =>
      [...newest.values()]
        .filter(({ snapshots }) => snapshots > 0)
        .map((row): Level => [row.namespace, row.day, counts.map((count) => row[count])]),
  };
}

const noUsage = {
  store: '',
  day: '',
  namespace: '',
  prepared: 0,
  committed: 0,
  removed: 0,
  lost: 0,
  bytesAdded: 0,
  bytesRemoved: 0,
  snapshots: 0,
  bytes: 0,
} satisfies FleetUsage;

export const keyOf = ({ store, namespace, day }: UsageRef) => JSON.stringify([store, namespace, day]);

function enter(row: UsageDraft): void {
  row.prepared += 1;
  row.snapshots += 1;
}

function leave(row: UsageDraft, bytes: number, how: 'removed' | 'lost'): void {
  row[how] += 1;
  row.snapshots -= 1;
  grow(row, -bytes);
}

function grow(row: UsageDraft, bytes: number): void {
  row.bytes = within(row.bytes + bytes);
  if (bytes > 0) row.bytesAdded = within(row.bytesAdded + bytes);
  else row.bytesRemoved = within(row.bytesRemoved - bytes);
}

/** Sums of what nodes report stay exact numbers: a false report must not end the indexing of the others. */
const within = (sum: number) => Math.min(Math.max(0, sum), Number.MAX_SAFE_INTEGER);

/** A partial row with what was counted before. */
export function completed(row: UsageDraft, stored: FleetUsage | undefined): void {
  for (const flow of flows) row[flow] = within(row[flow] + (stored?.[flow] ?? 0));
  row.partial = false;
}

const perDay = 86_400_000_000_000n;
/** of 9999-12-31: a clock that is later than any date */
const lastDay = 2_932_896n;

/** UTC days of times; most of them are the same one. */
function createDays(): (time: bigint) => string {
  let last = -1n;
  let text = '';
  return (time) => {
    const day = time / perDay;
    if (day !== last) {
      last = day;
      text = new Date(Number(day < lastDay ? day : lastDay) * 86_400_000).toISOString().slice(0, 10);
    }
    return text;
  };
}
