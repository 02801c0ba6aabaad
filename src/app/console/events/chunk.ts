export const chunkLength = 16_384;

/** Numbers of one event. */
interface Cells {
  /** milliseconds since 1970 UTC */
  readonly time: number;
  readonly type: number;
  readonly actor: number;
  readonly namespace: number;
  /** the snapshot whose row it may change, or one of `subjects` */
  readonly subject: number;
}

/** What an event may change in a forest if not the row of one snapshot; ids begin at 1, and higher ones than these don't occur. */
export const subjects = { none: 0, images: 2 ** 32 - 2, any: 2 ** 32 - 1 } as const;

/** Up to `chunkLength` events without a gap between their positions. */
export interface Chunk {
  readonly first: number;
  readonly count: number;
  readonly times: Float64Array;
  readonly types: Uint8Array;
  readonly actors: Uint8Array;
  readonly namespaces: Uint16Array;
  readonly subjects: Uint32Array;
  /** lowest and highest time */
  readonly earliest: number;
  readonly latest: number;
  /** how many there are by type */
  readonly byType: Uint32Array;
  push(cells: Cells): void;
}

export function createChunk(first: number): Chunk {
  const chunk = {
    first,
    count: 0,
    times: new Float64Array(chunkLength),
    types: new Uint8Array(chunkLength),
    actors: new Uint8Array(chunkLength),
    namespaces: new Uint16Array(chunkLength),
    subjects: new Uint32Array(chunkLength),
    earliest: Number.POSITIVE_INFINITY,
    latest: Number.NEGATIVE_INFINITY,
    byType: new Uint32Array(256),
    push: ({ time, type, actor, namespace, subject }: Cells) => {
      const at = chunk.count++;
      chunk.times[at] = time;
      chunk.types[at] = type;
      chunk.actors[at] = actor;
      chunk.namespaces[at] = namespace;
      chunk.subjects[at] = subject;
      chunk.byType[type] = (chunk.byType[type] ?? 0) + 1;
      chunk.earliest = Math.min(chunk.earliest, time);
      chunk.latest = Math.max(chunk.latest, time);
    },
  };
  return chunk;
}
