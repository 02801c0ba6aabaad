/** The source of a reader's batches. */
export interface Source<B> {
  /** The events right after a position, if they are in memory. */
  recent(after: number): B | undefined;
  /** Whether there are durable events after a position that are not in memory. */
  isOnlyInLog(after: number): boolean;
  /** The log's events after a position. */
  read(after: number): AsyncIterable<B>;
}

/**
 * Replays the log until the reader has caught up with memory, then yields what is in memory, in order and without a gap. Ends
 * when nothing more is known. The caller moves the reader's position on before it asks for the next batch.
 */
export async function* follow<B>(reader: { readonly position: number }, source: Source<B>): AsyncGenerator<B> {
  for (let before = -1; before < reader.position; ) {
    before = reader.position;
    const recent = source.recent(before);
    if (recent !== undefined) yield recent;
    else if (source.isOnlyInLog(before))
      for await (const batch of source.read(before)) {
        yield batch;
        if (!source.isOnlyInLog(reader.position)) break;
      }
  }
}
