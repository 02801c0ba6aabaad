import type { Labels } from '../../events/codecs.ts';
import type { Event } from '../../events/registry.ts';
import { diffIdOf, namespaceOf, parentChainLabel, refLabel } from '../../projections/snapshot.ts';
import type { State } from '../../projections/state.ts';
import type { Prepare } from './commands.ts';
import { withoutEmpty } from './labels.ts';

/**
 * Our label of an active that holds the content of a layer already, with that layer's id. Its mounts are read-only: containerd 2.4 then
 * neither fetches nor applies the layer, and commits. Source: containerd, core/unpack/unpacker.go, isStaged
 */
export const stagedLabel = 'snapledger/staged-from';

/** The labels of a new snapshot: with `stage` also that of the layer whose content it will hold, which no client can give. */
export function labelsOfNew(state: State, command: Prepare, stage: boolean): Labels {
  const asked = stage ? contentAsked(command) : undefined;
  const source = asked && command.sources?.find((id) => contentOf(state, id) === asked);
  if (source === undefined && !(stagedLabel in command.labels)) return withoutEmpty(command.labels);
  return withoutEmpty({ ...command.labels, [stagedLabel]: source === undefined ? '' : String(source) });
}

/** The labels after an update, which neither sets our label nor takes it off: it says what the disk holds. */
export function keepingStaged({ [stagedLabel]: source = '' }: Labels, after: Labels): Labels {
  return (after[stagedLabel] ?? '') === source ? after : withoutEmpty({ ...after, [stagedLabel]: source });
}

/** The layer whose content the snapshot of a prepare holds. */
export function stagedFrom(event: Event): number | undefined {
  const source = event.type === 'SnapshotPrepared' ? event.data.labels[stagedLabel] : undefined;
  return source === undefined ? undefined : Number(source);
}

const contentIn = (key: string, diffId: string) => `${namespaceOf(key)} ${diffId}`;

/**
 * What a client is about to unpack, if a copy may take its place: namespace and diff id of a layer that gets its parent at its commit.
 * Any other one will hold attributes of its parent's directories, or files linked from there.
 */
export function contentAsked({ key, kind, parent, labels }: Omit<Prepare, 'type'>): string | undefined {
  const diffId = diffIdOf(labels);
  const rebases = kind === 'active' && parent === '' && parentChainLabel in labels && refLabel in labels;
  return diffId === null || !rebases ? undefined : contentIn(key, diffId);
}

/** The same of a layer, existing or retained, that was unpacked in that way. */
export function contentOf({ volumes, index, parentGraph }: State, id: number): string | undefined {
  const retained = volumes.retained.get(id);
  const { diffId = null, parentless = false } = retained ?? volumes.wanted.get(id) ?? {};
  if (diffId === null || !parentless) return undefined;
  const snapshot = retained?.snapshot ?? index.get(parentGraph.get(id)?.key ?? '');
  if (snapshot?.kind !== 'committed' || snapshot.parentId === null) return undefined;
  return contentIn(snapshot.key, diffId);
}
