import * as t from 'io-ts';
import { Decimal, Kind, Nanoseconds } from '../../../events/codecs.ts';
import { type Envelope, Meta } from '../../../events/envelope.ts';
import type { Snapshot } from '../../../projections/snapshot.ts';
import { historiesIn } from '../../../projections/snapshot-history.ts';
import type { State } from '../../../projections/state.ts';
import { diffIdWith } from '../../../projections/volumes.ts';
import { Fault } from '../../ports/fault.ts';
import type { LayerEntry, LayerFiles, PathInLayer } from '../../ports/layers.ts';
import { type AuditSource, nullable } from '../queries/query.ts';
import { snapshotWith, volumeOf } from '../store/volume-of.ts';
import { findSnapshot } from './find-snapshot.ts';
import { mentioning } from './read-events.ts';
import { stateAt, withLog } from './state-at.ts';

const Layer = t.strict({ id: Decimal, key: t.string, kind: Kind, diffId: nullable(t.string) });
type Layer = t.TypeOf<typeof Layer>;

/** Which layer of a snapshot added or deleted a path. */
export const Blame = t.strict(
  {
    path: t.string,
    /** what the snapshot has at the path */
    shows: t.keyof({ file: null, nothing: null }),
    how: t.string,
    /** the layer that added or deleted it */
    layer: Layer,
    /** the layer that had added what was deleted, if any did */
    before: nullable(Layer),
    /** of the layer's commit, or of its prepare while it is open */
    time: nullable(Nanoseconds),
    position: nullable(Decimal),
    actor: nullable(Meta),
  },
  'Blame',
);
export type Blame = t.TypeOf<typeof Blame>;

const fromRoot = 'name it from the root of the snapshot, as /etc/passwd, without ..';

/** The steps of a path within a snapshot. Throws a Fault (`misuse`) for one that leaves it. */
export function pathSteps(path: string): readonly string[] {
  const steps = path.split('/').filter((step) => step !== '' && step !== '.');
  if (path === '' || path.includes('\0') || steps.includes('..'))
    throw new Fault(
      'misuse',
      path === '' ? 'path is empty' : `path ${path.replaceAll('\0', '\\0')}: leaves the snapshot`,
      {
        hint: fromRoot,
      },
    );
  return steps;
}

/**
 * The layer of an existing snapshot that added or deleted a path. Rejects with a Fault: `missing` for an unknown key or a path
 * that no layer ever had, `misuse` for a path that leads out or through a link.
 */
export async function blame(
  { files, layers: layersOf }: Pick<AuditSource, 'files' | 'layers'>,
  { key, path }: { readonly key: string; readonly path: string },
): Promise<Blame> {
  const steps = pathSteps(path);
  return withLog(files, async (log) => {
    const state = await stateAt(files, log, log.end.position);
    const layers = await layersOf(state.storeInfo.driver);
    const inspected = await inspectLayers(layers, chainOf(state, findSnapshot(state, key)), steps);
    const found = layers.complete ? inWholeTrees(inspected) : inLayers(inspected);
    if (found === undefined)
      throw new Fault('missing', `${path}: no layer of ${key} has it or ever deleted it`, { hint: fromRoot });
    if ('blocked' in found) throw notFollowed(found);
    const { layer } = found;
    const event = await beginning(mentioning(log, [{ field: 'id', value: String(layer.id) }]), layer.id);
    return {
      ...{ path: `/${steps.join('/')}`, ...found },
      ...{ time: event?.time ?? null, position: event?.position ?? null, actor: event?.meta ?? null },
    };
  });
}

/** The snapshot and its parents, nearest first; a view has no layer of its own. */
function chainOf(state: State, snapshot: Snapshot): readonly Layer[] {
  const parents = volumeOf(state, snapshot).parents.flatMap((id) => snapshotWith(state, id) ?? []);
  return (snapshot.kind === 'view' ? parents : [snapshot, ...parents]).map(({ id, key, kind }) => {
    return { id, key, kind, diffId: diffIdWith(state.volumes, id) };
  });
}

type Inspected = PathInLayer & { readonly layer: Layer };

/** What every layer has at a path. Below a renamed directory the path is another one. */
async function inspectLayers(
  layers: LayerFiles,
  chain: readonly Layer[],
  path: readonly string[],
): Promise<readonly Inspected[]> {
  const inspected = await Promise.all(
    chain.map(async (layer) => {
      const found = await layers.inspect({ id: layer.id, committed: layer.kind === 'committed' }, path);
      return { ...found, layer };
    }),
  );
  const renamed = inspected.findIndex(({ below }) => below.join('/') !== path.join('/'));
  const other = inspected[renamed];
  if (other === undefined) return inspected;
  return [...inspected.slice(0, renamed + 1), ...(await inspectLayers(layers, chain.slice(renamed + 1), other.below))];
}

type Found = Pick<Blame, 'shows' | 'how'> & { readonly layer: Layer; readonly before: Layer | null };

/** Something on the way to the path is not a directory, in the layer that decides. */
interface Blocked {
  readonly blocked: Extract<LayerEntry, { is: 'blocked' }>;
  readonly layer: Layer;
}

/**
 * Layers that hold only changes: the nearest that has anything decides. Something on the way that is not a directory deletes
 * what is below it. It is refused only if no nearer layer has a directory in its place and, unless it is a link, if there was
 * nothing to delete.
 */
function inLayers(inspected: readonly Inspected[]): Found | Blocked | undefined {
  const at = inspected.findIndex(({ entry }) => entry.is !== 'absent');
  const first = inspected[at];
  if (first === undefined || first.entry.is === 'absent') return undefined;
  const { entry, layer, left } = first;
  if (entry.is === 'present') return { shows: 'file', layer, how: addedText(entry), before: null };
  const found = inLayers(inspected.slice(at + 1));
  const below = found !== undefined && 'shows' in found ? found : undefined;
  const before = below?.shows === 'file' ? below.layer : null;
  if (entry.is === 'blocked' && (before === null || entry.target !== null)) {
    const covered = inspected.slice(0, at).some((nearer) => nearer.left < left);
    if (!covered) return { blocked: entry, layer };
    if (before === null) return below;
  }
  const what = entry.is === 'blocked' ? entry.type : entry.by;
  return { shows: 'nothing', layer, how: `deleted it by the ${what} /${entry.at}`, before };
}

function addedText({ type, bytes, metadata }: Extract<LayerEntry, { is: 'present' }>): string {
  if (metadata)
    return `changed the metadata of this ${type}, ${bytes} bytes, whose data is in a layer below (metacopy)`;
  return `added this ${type}, ${bytes} bytes`;
}

/** Complete trees: the lowest that has the same file added it. */
function inWholeTrees(inspected: readonly Inspected[]): Found | Blocked | undefined {
  const stamps = inspected.map(({ entry }) => (entry.is === 'present' ? entry.stamp : undefined));
  const origin = (from: number) => {
    const other = stamps.findIndex((stamp, at) => at > from && stamp !== stamps[from]);
    return inspected[(other === -1 ? stamps.length : other) - 1]?.layer;
  };
  const [top] = inspected;
  if (top?.entry.is === 'present') {
    const layer = origin(0);
    return layer && { shows: 'file', layer, how: addedText(top.entry), before: null };
  }
  const last = stamps.findIndex((stamp) => stamp !== undefined);
  if (top?.entry.is === 'blocked' && (top.entry.target !== null || last === -1))
    return { blocked: top.entry, layer: top.layer };
  const layer = inspected[last - 1]?.layer;
  return layer && { shows: 'nothing', layer, how: 'deleted it', before: origin(last) ?? null };
}

function notFollowed({ blocked: { at, type, target }, layer }: Blocked): Fault {
  const leads = target === null ? `is a ${type}` : `is a symbolic link to ${target}`;
  return new Fault('misuse', `/${at}: ${leads} in layer ${layer.id}, which is not followed`, {
    hint: 'use the path that it points to within the snapshot',
  });
}

/** The commit of a snapshot, or its prepare while it is open. */
async function beginning(batches: AsyncIterable<readonly Envelope[]>, id: number): Promise<Envelope | null> {
  const events: Envelope[] = [];
  for await (const batch of batches) events.push(...batch);
  const history = historiesIn(events).get(id);
  return history?.committed ?? history?.prepared ?? null;
}
