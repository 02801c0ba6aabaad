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

/** The streams of a cluster with its rules. With a file they outlive a kill of the process: an append is in it whole or not at all. */
export interface Streams {
  append(stream: string, events: readonly StoredEvent[], expected: Expected): AppendAnswer;
  /** Hides what is there; the stream can be written into again and then goes on numbering. */
  delete(stream: string): void;
  /** Loses what a stream has after its first events, as a backup does. */
  forget(stream: string, keep: number): void;
  /** Events with their revisions; undefined where there is no stream, or nothing is left of it. */
  read(stream: string, from: number | 'end', direction: 'forwards' | 'backwards', count: number): Found | undefined;
  close(): void;
}

export type Found = readonly { readonly revision: number; readonly event: StoredEvent }[];

interface Stream {
  readonly events: StoredEvent[];
  /** the first revision that is still shown */
  first: number;
}

type Line = { append: string; events: readonly StoredEvent[] } | { delete: string };

export function createStreams(file?: string): Streams {
  const streams = new Map<string, Stream>();
  const streamOf = (name: string) => streams.get(name) ?? { events: [], first: 0 };
  const play = (line: Line) => {
    const name = 'append' in line ? line.append : line.delete;
    const stream = streamOf(name);
    streams.set(name, stream);
    if ('append' in line) stream.events.push(...line.events);
    else stream.first = stream.events.length;
  };
  if (file !== undefined && existsSync(file)) for (const line of wholeLines(file)) play(line);
  const fd = file === undefined ? undefined : openSync(file, 'a');
  const record = (line: Line) => {
    // What a killed process has handed to the kernel stays.
    if (fd !== undefined) writeSync(fd, `${JSON.stringify(line)}\n`);
    play(line);
  };
  return {
    append: (name, events, expected) => {
      const { events: there, first } = streamOf(name);
      const last = there.length - 1;
      const gone = first === there.length;
      if (expected === 'any' || (expected === 'exists' && !gone) || isAt(expected, last, gone)) {
        record({ append: name, events });
        return { revision: last + events.length };
      }
      const begin = expected === 'none' ? 0 : Number(expected) + 1;
      const repeated = events.every(({ id }, index) => there[begin + index]?.id === id);
      return repeated ? { revision: begin + events.length - 1 } : { wrong: last < 0 ? 'none' : last };
    },
    forget: (name, keep) => void streamOf(name).events.splice(keep),
    delete: (name) => record({ delete: name }),
    read: (name, from, direction, count) => {
      const { events, first } = streamOf(name);
      if (first === events.length) return undefined;
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

const isAt = (expected: Expected, last: number, gone: boolean) => (expected === 'none' ? gone : expected === last);

/** The lines that were written whole; the rest of one that was not is cut off. */
function wholeLines(file: string): readonly Line[] {
  const text = readFileSync(file, 'utf8');
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  truncateSync(file, Buffer.byteLength(whole));
  return whole
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line);
}
