import { frameOf, headOf, type LogEntry } from './frames.ts';

/** The cluster's log of all streams: an event's number is its index here, its position an offset in bytes as on a server. */
export interface ClusterLog {
  readonly length: number;
  /** Adds an event and returns its number. */
  add(entry: Omit<LogEntry, 'position'>): number;
  /** Adds frames of `frameOf`, whose positions are their offsets; calls back with the number of each. */
  load(frames: Buffer, each: (stream: string, revision: number, number: number) => void): void;
  /** The message that delivers an event. */
  frame(number: number): Buffer;
  created(number: number): number;
  /** Position of an event; of the end for `length`. */
  position(number: number): number;
  /** Number of the first event at a position or after it. */
  numberAt(position: number): number;
  /** Whether an event is here and in a stream that fits. */
  fits(number: number, filter: StreamFilter): boolean;
  /**
   * Messages of the events from a number up to `end`, the neighbours among them in one piece: up to `limit` events, none that
   * does not fit. `next` is the number after the last one that was looked at.
   */
  run(
    number: number,
    end: number,
    filter: StreamFilter,
    limit: number,
  ): { frames: Buffer; events: number; next: number };
  /** Puts another event in the place of one. */
  replace(number: number, entry: Omit<LogEntry, 'position' | 'created'>): void;
  /** Removes an event from this log, as a scavenge does. */
  remove(number: number): void;
  /** Keeps the first events. */
  truncate(length: number): void;
}

/** Decides by a stream's name; asked once a stream. */
export type StreamFilter = (stream: string) => boolean;

const chunkBytes = 8 * 1024 * 1024;
const runBytes = 64 * 1024;
const removed = -1;

export function createClusterLog(): ClusterLog {
  const chunks: Buffer[] = [];
  const chunkOf: number[] = [];
  const starts: number[] = [];
  const lengths: number[] = [];
  const positions: number[] = [];
  const times: number[] = [];
  const streamOf: number[] = [];
  const ids = new Map<string, number>();
  const names: string[] = [];
  let free = 0;
  let end = 0;
  const idOf = (stream: string) => {
    const known = ids.get(stream);
    if (known !== undefined) return known;
    ids.set(stream, names.length);
    return names.push(stream) - 1;
  };
  const answers = new WeakMap<StreamFilter, (boolean | undefined)[]>();
  const fits = (number: number, filter: StreamFilter) => {
    const id = streamOf[number] ?? removed;
    if (id === removed) return false;
    let known = answers.get(filter);
    if (known === undefined) {
      known = [];
      answers.set(filter, known);
    }
    known[id] ??= filter(names[id] ?? '');
    return known[id] === true;
  };
  const slice = (first: number, last: number) => {
    const from = starts[first] ?? 0;
    return (chunks[chunkOf[first] ?? 0] ?? Buffer.alloc(0)).subarray(from, (starts[last] ?? 0) + (lengths[last] ?? 0));
  };
  const note = (stream: string, start: number, length: number, created: number) => {
    chunkOf.push(chunks.length - 1);
    starts.push(start);
    lengths.push(length);
    times.push(created);
    streamOf.push(idOf(stream));
    free = start + length;
    end += length;
    return positions.push(end - length) - 1;
  };
  /** Copies a frame to the end of the newest chunk, or of a new one. */
  const store = (frame: Buffer) => {
    const last = chunks.at(-1);
    if (last === undefined || free + frame.length > last.length) {
      chunks.push(Buffer.allocUnsafeSlow(Math.max(chunkBytes, frame.length)));
      free = 0;
    }
    frame.copy(chunks.at(-1) as Buffer, free);
  };
  return {
    get length() {
      return positions.length;
    },
    add: (entry) => {
      const frame = frameOf({ ...entry, position: end });
      store(frame);
      return note(entry.stream, free, frame.length, entry.created);
    },
    replace: (number, entry) => {
      const frame = frameOf({ ...entry, position: positions[number] ?? 0, created: times[number] ?? 0 });
      store(frame);
      chunkOf[number] = chunks.length - 1;
      starts[number] = free;
      lengths[number] = frame.length;
      free += frame.length;
    },
    load: (frames, each) => {
      chunks.push(frames);
      for (let start = 0; start < frames.length; ) {
        const { stream, revision, end: after } = headOf(frames, start);
        each(stream, revision, note(stream, start, after - start, Date.now()));
        start = after;
      }
    },
    frame: (number) => slice(number, number),
    created: (number) => times[number] ?? 0,
    position: (number) => positions[number] ?? end,
    numberAt: (position) => {
      let low = 0;
      for (let high = positions.length; low < high; ) {
        const middle = (low + high) >>> 1;
        if ((positions[middle] ?? 0) < position) low = middle + 1;
        else high = middle;
      }
      return low;
    },
    fits,
    run: (number, until, filter, limit) => {
      if (!fits(number, filter)) return { frames: Buffer.alloc(0), events: 0, next: number + 1 };
      let next = number + 1;
      for (let bytes = lengths[number] ?? 0; next < until && next - number < limit && bytes < runBytes; next++) {
        const follows =
          chunkOf[next] === chunkOf[number] && starts[next] === (starts[next - 1] ?? 0) + (lengths[next - 1] ?? 0);
        if (!follows || !fits(next, filter)) break;
        bytes += lengths[next] ?? 0;
      }
      return { frames: slice(number, next - 1), events: next - number, next };
    },
    remove: (number) => {
      streamOf[number] = removed;
    },
    truncate: (length) => {
      if (length >= positions.length) return;
      end = positions[length] ?? end;
      for (const each of [chunkOf, starts, lengths, positions, times, streamOf]) each.length = length;
      chunks.length = (chunkOf.at(-1) ?? -1) + 1;
      free = (starts.at(-1) ?? 0) + (lengths.at(-1) ?? 0);
    },
  };
}
