import { randomUUID } from 'node:crypto';
import { closeSync, existsSync, openSync, readFileSync, truncateSync, writeSync } from 'node:fs';

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
  /** Loses what a stream has after its first events, as a backup does. */
  forget(stream: string, keep: number): void;
  /** Events with their revisions; undefined if there is no stream, or if it is deleted. */
  read(stream: string, from: number | 'end', direction: 'forwards' | 'backwards', count: number): Found | undefined;
  close(): void;
}

export type Found = readonly { readonly revision: number; readonly event: StoredEvent }[];

/** 2^63 - 1, as parsed from JSON: the server's mark of a softly deleted stream. */
export const deletedMark = 2 ** 63;

interface Stream {
  readonly events: StoredEvent[];
  /** when each was written, milliseconds */
  readonly written: number[];
}

interface Line {
  readonly append: string;
  readonly events: readonly StoredEvent[];
}

const metaOf = (stream: string) => `$$${stream}`;
const json = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64');

export function createStreams(file?: string): Streams {
  const streams = new Map<string, Stream>();
  const streamOf = (name: string) => streams.get(name) ?? { events: [], written: [] };
  const replay = ({ append: name, events }: Line) => {
    const stream = streamOf(name);
    streams.set(name, stream);
    stream.events.push(...events);
    stream.written.push(...events.map(() => Date.now()));
  };
  if (file !== undefined && existsSync(file)) for (const line of completeLines(file)) replay(line);
  const fd = file === undefined ? undefined : openSync(file, 'a');
  const record = (line: Line) => {
    // Data that a killed process has handed to the kernel survives.
    if (fd !== undefined) writeSync(fd, `${JSON.stringify(line)}\n`);
    replay(line);
  };
  const metadataOf = (name: string): StreamMetadata => {
    const last = streamOf(metaOf(name)).events.at(-1);
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
    const { length } = streamOf(name).events;
    const revive = isDeleted(name);
    record({ append: name, events });
    if (revive) setMetadata(name, { ...metadataOf(name), $tb: length });
    return { revision: length + events.length - 1 };
  };
  /** The first visible revision. */
  const firstOf = (name: string): number => {
    const { $tb = 0, $maxCount, $maxAge } = metadataOf(name);
    const { events, written } = streamOf(name);
    const counted = $maxCount === undefined ? 0 : events.length - $maxCount;
    const oldest = $maxAge === undefined ? 0 : Date.now() - $maxAge * 1000;
    const young = written.findIndex((time) => time >= oldest);
    return Math.max($tb, counted, young === -1 ? events.length : young);
  };
  return {
    append: (name, events, expected) => {
      const { events: there } = streamOf(name);
      const last = there.length - 1;
      if (expected === 'any' || (expected === 'exists' && last >= 0 && !isDeleted(name))) return write(name, events);
      const current = last < 0 ? 'none' : last;
      if (expected === 'exists') return { wrong: current };
      const before = expected === 'none' ? -1 : expected;
      if (before === last) return write(name, events);
      if (before > last) return { wrong: current };
      // A repetition is checked first, also in a deleted stream; it must match from its first event.
      const same = events.findIndex(({ id }, index) => there[before + 1 + index]?.id !== id);
      if (same === -1) return { revision: before + events.length };
      return same === 0 && expected === 'none' && isDeleted(name) ? write(name, events) : { wrong: current };
    },
    forget: (name, keep) => {
      const { events, written } = streamOf(name);
      events.splice(keep);
      written.splice(keep);
    },
    delete: (name) => setMetadata(name, { ...metadataOf(name), $tb: deletedMark }),
    setMetadata,
    read: (name, from, direction, count) => {
      const { events } = streamOf(name);
      if (events.length === 0 || isDeleted(name)) return undefined;
      const first = firstOf(name);
      const last = events.length - 1;
      const step = direction === 'forwards' ? 1 : -1;
      const found: { revision: number; event: StoredEvent }[] = [];
      const begin = from === 'end' ? last : direction === 'forwards' ? Math.max(from, first) : Math.min(from, last);
      for (let revision = begin; found.length < count; revision += step) {
        const event = events[revision];
        if (event === undefined || revision < first) break;
        found.push({ revision, event });
      }
      return found;
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
