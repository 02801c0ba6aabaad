import type { Envelope } from '../../../events/envelope.ts';
import type { State } from '../../../projections/state.ts';
import type { Prepare } from '../../domain/commands.ts';
import { contentAsked, contentOf } from '../../domain/staging.ts';
import type { BackgroundContext } from '../background/pipeline.ts';

/** Finds the layers whose content can be copied. */
export interface StagingSources {
  /** Ids of layers that had what a client is about to unpack when this last heard of them. */
  of(command: Prepare): readonly number[];
  close(): void;
}

/** Follows the durable events; at the start it iterates over all layers. */
export function createStagingSources({
  journal,
  pipelines,
}: Pick<BackgroundContext, 'journal' | 'pipelines'>): StagingSources {
  const idsOf = new Map<string, Set<number>>();
  const contents = new Map<number, string>();
  const update = (state: State, id: number) => {
    const [before, now] = [contents.get(id), contentOf(state, id)];
    if (before === now) return;
    if (before !== undefined) drop(idsOf, before, id);
    if (now === undefined) contents.delete(id);
    else {
      contents.set(id, now);
      idsOf.set(now, (idsOf.get(now) ?? new Set()).add(id));
    }
  };
  const { durable } = journal;
  for (const id of [...durable.volumes.wanted.keys(), ...durable.volumes.retained.keys()]) update(durable, id);
  const handle = (envelopes: readonly Envelope[]) => {
    for (const { event } of envelopes)
      if ('id' in event.data && event.data.id !== null) update(journal.durable, event.data.id);
  };
  const pipeline = pipelines.start({ name: 'staging', handle });
  return { of: (command) => [...(idsOf.get(contentAsked(command) ?? '') ?? [])], close: () => pipeline.close() };
}

function drop(idsOf: Map<string, Set<number>>, content: string, id: number): void {
  const ids = idsOf.get(content);
  ids?.delete(id);
  if (ids?.size === 0) idsOf.delete(content);
}
