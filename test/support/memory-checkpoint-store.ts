import { superfluous } from '../../src/adapters/checkpoint-store/file-checkpoint-store.ts';
import type { CheckpointStore } from '../../src/ports/checkpoint-store.ts';
import type { LogPosition } from '../../src/ports/event-log.ts';

/** Checkpoints in memory, as JSON: what is loaded is what a file would have kept. */
export function createMemoryCheckpointStore(): CheckpointStore {
  let texts: readonly { readonly position: number; readonly at: LogPosition; readonly text: string }[] = [];
  return {
    save: async (at, rows) => {
      const { position } = at;
      const fresh = { position, at, text: JSON.stringify([...rows]) };
      const others = texts.filter((older) => older.position !== position);
      const all = [...others, fresh].sort((a, b) => b.position - a.position);
      const gone = superfluous(all.map((one) => ({ position: one.position, bytes: one.text.length })).reverse());
      texts = all.filter((one) => !gone.includes(one.position));
    },
    load: async function* (_damaged, upTo = Number.POSITIVE_INFINITY) {
      for (const { position, at, text } of texts) if (position <= upTo) yield { at, rows: JSON.parse(text) };
    },
  };
}
