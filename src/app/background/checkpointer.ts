import { toRows } from '../../../projections/checkpoint-rows.ts';
import type { CheckpointStore } from '../../ports/checkpoint-store.ts';
import { errorText } from '../../ports/fault.ts';
import type { BackgroundContext } from './pipeline.ts';

/** Writes a checkpoint of the durable state every so many events, so that a restart does not depend on the log's length. */
export interface Checkpointer {
  /** Writes one now, unless the newest is of this position already. Never rejects: a checkpoint is only a short cut. */
  save(): Promise<void>;
  close(): void;
}

interface Context extends Pick<BackgroundContext, 'journal' | 'pipelines' | 'logger'> {
  readonly checkpoints: CheckpointStore;
  /** events between two checkpoints */
  readonly every: number;
  /** position of the checkpoint that the start began with */
  readonly last: number;
  readonly onSaved?: (seconds: number) => void;
}

export function createCheckpointer({
  journal,
  pipelines,
  checkpoints,
  logger,
  every,
  last,
  onSaved,
}: Context): Checkpointer {
  let newest = last;
  let underWay: Promise<void> | undefined;

  const write = async () => {
    const { durable, logPosition: place } = journal;
    if (place.position === newest) return;
    const began = performance.now();
    try {
      await checkpoints.save(place, toRows(durable));
      newest = place.position;
      onSaved?.((performance.now() - began) / 1000);
    } catch (error) {
      logger.error(
        { position: place.position, error: errorText(error) },
        'checkpoint failed: a restart will take longer',
      );
      newest = place.position - every + Math.ceil(every / 10);
    }
  };
  const begin = () => {
    underWay ??= write().finally(() => {
      underWay = undefined;
    });
    return underWay;
  };
  const pipeline = pipelines.start({
    name: 'checkpoint',
    // Within an event's delivery `durable` may be a batch ahead of it: any position will do, but it must be a complete one.
    handle: (envelopes) => {
      if ((envelopes.at(-1)?.position ?? 0) - newest >= every) void begin();
    },
  });
  return {
    save: async () => {
      await underWay;
      await begin();
    },
    close: () => pipeline.close(),
  };
}
