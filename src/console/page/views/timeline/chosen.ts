import { useMemo } from 'preact/hooks';
import type { WireEnvelope } from '../../../../../events/envelope.ts';
import { usePage } from '../../context.ts';

export interface Chosen {
  readonly values: Readonly<Record<string, string | undefined>>;
  /** null: new events are not wanted, or only the server can decide which belong to a key */
  readonly chooses: ((event: WireEnvelope) => boolean) | null;
}

/** Which events the address asks for. */
export function useChosen(): Chosen {
  const { key, type, namespace, actor, since, until } = usePage().address.values;
  return useMemo(() => {
    const types = new Set(type?.split(','));
    const chooses = ({ type: versioned, meta }: WireEnvelope) =>
      (types.size === 0 || types.has(versioned.replace(/\.v\d+$/, ''))) &&
      (namespace === undefined || meta.namespace === namespace) &&
      (actor === undefined || meta.actor === actor);
    const live = until === undefined && key === undefined;
    return { values: { key, type, namespace, actor, since, until }, chooses: live ? chooses : null };
  }, [key, type, namespace, actor, since, until]);
}
