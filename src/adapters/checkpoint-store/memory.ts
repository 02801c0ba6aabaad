import type { Checkpoint, CheckpointStore } from '../../ports/checkpoint-store.ts';

const kept = 2;

/** Checkpoints in memory, as JSON: what is loaded is what a file would have kept. */
export function createMemoryCheckpointStore(): CheckpointStore {
  let texts: readonly { readonly position: number; readonly text: string }[] = [];
  return {
    save: async (place, rows) => {
      const { position } = place;
      const fresh = { position, text: JSON.stringify({ place, rows: [...rows] }) };
      const others = texts.filter((older) => older.position !== position);
      texts = [...others, fresh].sort((a, b) => b.position - a.position).slice(0, kept);
    },
    load: async function* (_damaged, upTo = Number.POSITIVE_INFINITY) {
      for (const { position, text } of texts) if (position <= upTo) yield JSON.parse(text) as Checkpoint;
    },
  };
}
