import { setTimeout as pause } from 'node:timers/promises';
import { emptyState, evolve, type MutableState, retainedTotals } from '../../../../projections/state.ts';
import type { StoreFiles } from '../../../ports/store-files.ts';
import { stateAt, withLog } from '../../audit/state-at.ts';
import type { Growth, GrowthPoint } from '../rows.ts';

/** Sizes of the store over time, from one replay of the log that begins with the first question. */
export interface GrowthOverTime {
  growth(): Promise<Growth>;
  clear(): void;
}

/** Points of the whole log. */
const points = 200;
/** Milliseconds that an answer waits for the rest. */
const firstAnswer = 250;

export function createGrowth(files: Pick<StoreFiles, 'openLog' | 'openCheckpoints'>): GrowthOverTime {
  let state: MutableState | undefined;
  let found: GrowthPoint[] = [];
  let replaying: Promise<void> | undefined;
  let total = 0;
  /** changes with the log */
  let generation = 0;
  const replay = () => {
    const began = generation;
    replaying ??= withLog(files, async (log) => {
      const { upTo = 0 } = log.gone ?? {};
      const into = state ?? (upTo === 0 ? emptyState() : ((await stateAt(files, log, upTo)) as MutableState));
      // Cleared meanwhile.
      if (began !== generation) return;
      state = into;
      total = log.end.position;
      const every = Math.max(1, Math.ceil(total / points));
      // The last point of the replay before is the end that the log had then.
      if (found.length > 1 && into.position < total) found = found.slice(0, -1);
      let last = found.at(-1)?.position ?? 0;
      for await (const batch of log.read(into.position)) {
        if (began !== generation) return;
        for (const envelope of batch) {
          evolve(into, envelope);
          if (envelope.position - last < every && envelope.position < total) continue;
          last = envelope.position;
          found.push(pointOf(into, envelope.time));
        }
      }
    }).finally(() => {
      if (began === generation) replaying = undefined;
    });
    return replaying;
  };
  return {
    growth: async () => {
      const whole = replay();
      whole.catch(() => {});
      await Promise.race([whole, pause(firstAnswer)]);
      return { folded: Math.min(state?.position ?? 0, total), total, points: found };
    },
    clear: () => {
      generation += 1;
      state = undefined;
      replaying = undefined;
      found = [];
    },
  };
}

function pointOf(state: MutableState, time: bigint): GrowthPoint {
  const { count, bytes: retainedBytes } = retainedTotals(state);
  let bytes = 0;
  for (const usage of state.usage.values()) bytes += usage.bytes;
  return {
    ...{ position: state.position, time, snapshots: state.index.size, bytes: bytes - retainedBytes },
    ...{ retained: count, retainedBytes },
  };
}
