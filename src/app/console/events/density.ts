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

interface Counting {
  from: number;
  to: number;
  readonly counts: Map<number, number>;
}

type Bucket = Density['buckets'][number];

/** Events by time and type. A chunk within one bucket is counted as a whole, unless events of it are left out. */
export function countEvents(columns: EventColumns, wanted: Wanted, range: Range): readonly Bucket[] {
  const step = stepOf(range);
  const counted = new Map<number, Counting>();
  const bucketOf = (time: number) => Math.floor((time - range.start) / step);
  const whole = wanted.actor === undefined && wanted.namespace === undefined;
  for (const chunk of columns.chunks) {
    if (chunk.latest < range.start || chunk.earliest > range.end) continue;
    const at = bucketOf(chunk.earliest);
    const inside = chunk.earliest >= range.start && chunk.latest <= range.end;
    if (whole && inside && bucketOf(chunk.latest) === at) addChunk(counted, at, chunk, wanted.types);
    else addEvents(counted, chunk, { ...wanted, ...range, step });
  }
  return [...counted]
    .sort(([a], [b]) => a - b)
    .map(([at, { from, to, counts }]) => ({
      ...{ at, from, to },
      counts: Object.fromEntries([...counts].map(([type, count]) => [columns.types.texts[type] ?? '', count])),
    }));
}

export const stepOf = ({ start, end, buckets }: Range): number => Math.max(1, Math.ceil((end - start + 1) / buckets));

function addChunk(counted: Map<number, Counting>, at: number, chunk: Chunk, types: Wanted['types']): void {
  for (const [type, count] of chunk.byType.entries())
    if (count > 0 && (types === undefined || types.has(type)))
      add(bucketAt(counted, at), type, { count, first: chunk.first, last: chunk.first + chunk.count - 1 });
}

function addEvents(
  counted: Map<number, Counting>,
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
    add(bucketAt(counted, Math.floor((time - start) / step)), type, { count: 1, first: position, last: position });
  }
}

function bucketAt(counted: Map<number, Counting>, at: number): Counting {
  const known = counted.get(at);
  if (known !== undefined) return known;
  const made = { from: Number.POSITIVE_INFINITY, to: 0, counts: new Map<number, number>() };
  counted.set(at, made);
  return made;
}

function add(
  bucket: Counting,
  type: number,
  { count, first, last }: { readonly count: number; readonly first: number; readonly last: number },
): void {
  bucket.from = Math.min(bucket.from, first);
  bucket.to = Math.max(bucket.to, last);
  bucket.counts.set(type, (bucket.counts.get(type) ?? 0) + count);
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
  const counted = new Map<number, Counting>();
  for (const { first, last, earliest, latest } of blocks) {
    const events = last - first + 1;
    const [from, to] = [earliest, latest].map((time) => Math.floor((time - range.start) / step)) as [number, number];
    const share = events / (to - from + 1);
    for (let at = Math.max(from, 0); at <= Math.min(to, range.buckets - 1); at++)
      add(bucketAt(counted, at), 0, { count: share, first, last });
  }
  return [...counted]
    .sort(([a], [b]) => a - b)
    .map(([at, { from, to, counts }]) => ({ at, from, to, counts: { '': Math.round(counts.get(0) ?? 0) } }));
}
