import { randomUUID } from 'node:crypto';
import { closeSync, existsSync, openSync, readFileSync, truncateSync, writeSync } from 'node:fs';
import { eventIn } from './frames.ts';
import { type ClusterLog, createClusterLog } from './log.ts';

/** An event as a client proposed it. */
export interface StoredEvent {
  readonly id: string;
  readonly type: string;
  readonly contentType: string;
  /** base64 */
  readonly data: string;
  readonly metadata: string;
}

/** The revision that an append asks for: a concrete one, or no stream, or any. */
export type Expected = number | 'none' | 'any' | 'exists';

export type AppendAnswer = { readonly revision: number } | { readonly wrong: number | 'none' };

/** A stream's metadata, under the server's names. */
export interface StreamMetadata {
  readonly $maxCount?: number;
  /** seconds */
  readonly $maxAge?: number;
  /** the first visible revision; `deletedMark` for a softly deleted stream */
  readonly $tb?: number;
}

/** The streams of a cluster with its rules. With a file they outlive a kill of the process: an append is in it completely or not at all. */
export interface Streams {
  append(stream: string, events: readonly StoredEvent[], expected: Expected): AppendAnswer;
  /** A soft delete: hides the events; the stream can be written again and continues its revisions. */
  delete(stream: string): void;
  /** Replaces a stream's metadata, as an append to `$$STREAM` does. */
  setMetadata(stream: string, metadata: StreamMetadata): void;
  /** Keeps the first events of the log of all streams, as a restore from an older backup does. Not in the file. */
  restore(length: number): void;
  /** Removes events that their streams' metadata hide from the log of all streams. */
  scavenge(): void;
  /** Loses an event of a stream: in `$all` only, or everywhere. */
  lose(stream: string, revision: number, where: 'in-all' | 'everywhere'): void;
  /** Changes an event in its place. */
  tamper(stream: string, revision: number, change: (event: StoredEvent) => StoredEvent): void;
  /** Events with their revisions; undefined if there is no stream, or if it is deleted. */
  read(stream: string, from: number | 'end', direction: Direction, count: number): Found | undefined;
  /** As `read`: the messages that deliver the events. */
  frames(stream: string, from: number | 'end', direction: Direction, count: number): readonly Buffer[] | undefined;
  /** All streams in the order of writing. */
  readonly log: ClusterLog;
  /** Calls back after every append, until the returned function is called. */
  onAppend(listener: () => void): () => void;
  close(): void;
}

type Direction = 'forwards' | 'backwards';

export type Found = readonly { readonly revision: number; readonly event: StoredEvent }[];

/** 2^63 - 1, as parsed from JSON: the server's mark of a softly deleted stream. */
export const deletedMark = 2 ** 63;

/** The number in the log of each revision, `lost` for none. */
type Stream = number[];
const lost = -1;

interface Line {
  readonly append: string;
  readonly events: readonly StoredEvent[];
}

const metaOf = (stream: string) => `$$${stream}`;
const json = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64');

export function createStreams(file?: string, prepared: Iterable<Buffer> = []): Streams {
  const streams = new Map<string, Stream>();
  const log = createClusterLog();
  const listeners = new Set<() => void>();
  const streamOf = (name: string) => streams.get(name) ?? [];
  const replay = ({ append: name, events }: Line) => {
    const stream = streamOf(name);
    streams.set(name, stream);
    const created = Date.now();
    for (const event of events) stream.push(log.add({ stream: name, revision: stream.length, created, event }));
    for (const listener of listeners) listener();
  };
  for (const frames of prepared)
    log.load(frames, (name, revision, number) => {
      const stream = streamOf(name);
      streams.set(name, stream);
      stream[revision] = number;
    });
  if (file !== undefined && existsSync(file)) for (const line of completeLines(file)) replay(line);
  const fd = file === undefined ? undefined : openSync(file, 'a');
  const record = (line: Line) => {
    // Data that a killed process has handed to the kernel survives.
    if (fd !== undefined) writeSync(fd, `${JSON.stringify(line)}\n`);
    replay(line);
  };
  const eventAt = (number: number | undefined) =>
    number === undefined || number === lost ? undefined : eventIn(log.frame(number));
  const metadataOf = (name: string): StreamMetadata => {
    const last = eventAt(streamOf(metaOf(name)).at(-1));
    return last === undefined ? {} : JSON.parse(Buffer.from(last.data, 'base64').toString());
  };
  const isDeleted = (name: string) => (metadataOf(name).$tb ?? 0) >= Number.MAX_SAFE_INTEGER;
  const setMetadata = (name: string, metadata: StreamMetadata) =>
    record({
      append: metaOf(name),
      events: [
        {
          id: randomUUID(),
          type: '$metadata',
          contentType: 'application/json',
          data: json(metadata),
          metadata: '',
        },
      ],
    });
  const write = (name: string, events: readonly StoredEvent[]) => {
    const { length } = streamOf(name);
    const revive = isDeleted(name);
    record({ append: name, events });
    if (revive) setMetadata(name, { ...metadataOf(name), $tb: length });
    return { revision: length + events.length - 1 };
  };
  /** The first visible revision. */
  const firstOf = (name: string): number => {
    const { $tb = 0, $maxCount, $maxAge } = metadataOf(name);
    const stream = streamOf(name);
    const counted = $maxCount === undefined ? 0 : stream.length - $maxCount;
    if ($maxAge === undefined) return Math.max($tb, counted);
    const oldest = Date.now() - $maxAge * 1000;
    const young = stream.findIndex((number) => log.created(number) >= oldest);
    return Math.max($tb, counted, young === -1 ? stream.length : young);
  };
  /** The revisions that a read shows. */
  const shown = (name: string, from: number | 'end', direction: Direction, count: number): number[] | undefined => {
    const stream = streamOf(name);
    if (stream.length === 0 || isDeleted(name)) return undefined;
    const first = firstOf(name);
    const last = stream.length - 1;
    const step = direction === 'forwards' ? 1 : -1;
    const found: number[] = [];
    const begin = from === 'end' ? last : direction === 'forwards' ? Math.max(from, first) : Math.min(from, last);
    for (let revision = begin; found.length < count; revision += step) {
      if (revision < first || revision > last) break;
      if (stream[revision] !== lost) found.push(revision);
    }
    return found;
  };
  return {
    append: (name, events, expected) => {
      const there = streamOf(name);
      const last = there.length - 1;
      if (expected === 'any' || (expected === 'exists' && last >= 0 && !isDeleted(name))) return write(name, events);
      const current = last < 0 ? 'none' : last;
      if (expected === 'exists') return { wrong: current };
      const before = expected === 'none' ? -1 : expected;
      if (before === last) return write(name, events);
      if (before > last) return { wrong: current };
      // A repetition is checked first, also in a deleted stream; it must match from its first event.
      const same = events.findIndex(({ id }, index) => eventAt(there[before + 1 + index])?.id !== id);
      if (same === -1) return { revision: before + events.length };
      return same === 0 && expected === 'none' && isDeleted(name) ? write(name, events) : { wrong: current };
    },
    restore: (length) => {
      log.truncate(length);
      for (const [name, stream] of streams) {
        const keep = stream.findIndex((number) => number >= length);
        if (keep === 0) streams.delete(name);
        else if (keep > 0) stream.length = keep;
      }
    },
    scavenge: () => {
      for (const [name, stream] of streams) for (const number of stream.slice(0, firstOf(name))) log.remove(number);
    },
    lose: (name, revision, where) => {
      const stream = streamOf(name);
      log.remove(stream[revision] ?? lost);
      if (where === 'everywhere') stream[revision] = lost;
    },
    tamper: (name, revision, change) => {
      const number = streamOf(name)[revision];
      const event = eventAt(number);
      if (number === undefined || event === undefined) throw new TypeError(`${name} has no revision ${revision}`);
      log.replace(number, { stream: name, revision, event: change(event) });
    },
    delete: (name) => setMetadata(name, { ...metadataOf(name), $tb: deletedMark }),
    setMetadata,
    read: (name, from, direction, count) =>
      shown(name, from, direction, count)?.flatMap((revision) => {
        const event = eventAt(streamOf(name)[revision]);
        return event === undefined ? [] : { revision, event };
      }),
    frames: (name, from, direction, count) =>
      shown(name, from, direction, count)?.map((revision) => log.frame(streamOf(name)[revision] ?? lost)),
    log,
    onAppend: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    close: () => {
      if (fd !== undefined) closeSync(fd);
    },
  };
}

/** The complete lines; an incomplete last one is truncated. */
function completeLines(file: string): readonly Line[] {
  const text = readFileSync(file, 'utf8');
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  truncateSync(file, Buffer.byteLength(whole));
  return whole
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line);
}
