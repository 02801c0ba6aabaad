import type { Density } from '../rows.ts';
import type { Chunk } from './chunk.ts';
import type { EventColumns } from './event-columns.ts';

/** Which events are counted, by the numbers of their names; undefined for all. */
export interface Wanted {
  readonly types: ReadonlySet<number> | undefined;
  readonly actor: number | undefined;
  readonly namespace: number | undefined;
}

/** Milliseconds since 1970 UTC. */
export interface Range {
  readonly start: number;
  readonly end: number;
  readonly buckets: number;
}

type Bucket = Density['buckets'][number];

/** Events by time and type. A chunk within one bucket is counted as a whole, unless events of it are left out. */
export function countEvents(columns: EventColumns, wanted: Wanted, range: Range): readonly Bucket[] {
  const step = stepOf(range);
  const counts = createCounts(range.buckets, columns.types.texts);
  const bucketOf = (time: number) => Math.floor((time - range.start) / step);
  const whole = wanted.actor === undefined && wanted.namespace === undefined;
  for (const chunk of columns.chunks) {
    if (chunk.latest < range.start || chunk.earliest > range.end) continue;
    const at = bucketOf(chunk.earliest);
    const inside = chunk.earliest >= range.start && chunk.latest <= range.end;
    if (whole && inside && bucketOf(chunk.latest) === at) addChunk(counts, at, chunk, wanted.types);
    else addEvents(counts, chunk, { ...wanted, ...range, step });
  }
  return counts.buckets();
}

export const stepOf = ({ start, end, buckets }: Range): number => Math.max(1, Math.ceil((end - start + 1) / buckets));

function addChunk(counts: Counts, at: number, chunk: Chunk, types: Wanted['types']): void {
  for (const [type, count] of chunk.byType.entries())
    if (count > 0 && (types === undefined || types.has(type)))
      counts.add(at, type, count, chunk.first, chunk.first + chunk.count - 1);
}

function addEvents(
  counts: Counts,
  chunk: Chunk,
  { types, actor, namespace, start, end, step }: Wanted & Range & { readonly step: number },
): void {
  for (let index = 0; index < chunk.count; index++) {
    const time = chunk.times[index] ?? 0;
    const type = chunk.types[index] ?? 0;
    if (time < start || time > end || (types !== undefined && !types.has(type))) continue;
    if (actor !== undefined && chunk.actors[index] !== actor) continue;
    if (namespace !== undefined && chunk.namespaces[index] !== namespace) continue;
    const position = chunk.first + index;
    counts.add(Math.floor((time - start) / step), type, 1, position, position);
  }
}

/** Counts by bucket and type, in arrays: a million events are counted for an answer. */
interface Counts {
  add(at: number, type: number, count: number, first: number, last: number): void;
  /** those that are not empty, in order, with whole numbers */
  buckets(): readonly Bucket[];
}

function createCounts(buckets: number, types: readonly string[]): Counts {
  const counts = new Float64Array(buckets * types.length);
  const from = new Float64Array(buckets).fill(Number.POSITIVE_INFINITY);
  const to = new Float64Array(buckets);
  const countsAt = (at: number) =>
    types.flatMap((type, number) => {
      const count = counts[at * types.length + number] ?? 0;
      return count === 0 ? [] : [[type, Math.round(count)]];
    });
  return {
    add: (at, type, count, first, last) => {
      const cell = at * types.length + type;
      counts[cell] = (counts[cell] ?? 0) + count;
      if (first < (from[at] ?? 0)) from[at] = first;
      if (last > (to[at] ?? 0)) to[at] = last;
    },
    buckets: () =>
      Array.from(to.entries()).flatMap(([at, last]) =>
        last === 0 ? [] : [{ at, from: from[at] ?? 0, to: last, counts: Object.fromEntries(countsAt(at)) }],
      ),
  };
}

/** Events of a block of the log that is not folded yet: positions, and milliseconds of the lowest and highest stamp. */
export interface Unfolded {
  readonly first: number;
  readonly last: number;
  readonly earliest: number;
  readonly latest: number;
}

/** Counts events that are not folded yet as if they were spread evenly over the time of their block; their type is empty. */
export function estimateEvents(blocks: readonly Unfolded[], range: Range): readonly Bucket[] {
  const step = stepOf(range);
  const counts = createCounts(range.buckets, ['']);
  for (const { first, last, earliest, latest } of blocks) {
    const events = last - first + 1;
    const [from, to] = [earliest, latest].map((time) => Math.floor((time - range.start) / step)) as [number, number];
    const share = events / (to - from + 1);
    for (let at = Math.max(from, 0); at <= Math.min(to, range.buckets - 1); at++) counts.add(at, 0, share, first, last);
  }
  return counts.buckets();
}
