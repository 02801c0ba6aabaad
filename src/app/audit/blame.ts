import type { Envelope } from '../../../events/envelope.ts';
import type { Snapshot } from '../../../projections/snapshot.ts';
import { historiesIn } from '../../../projections/snapshot-history.ts';
import type { State } from '../../../projections/state.ts';
import { Fault } from '../../ports/fault.ts';
import type { LayerEntry, LayerFiles, LayerLook } from '../../ports/layer-files.ts';
import type { StoreFiles } from '../../ports/store-files.ts';
import { snapshotWith, volumeOf } from '../store/volume-of.ts';
import { findSnapshot } from './find-snapshot.ts';
import { mentioning } from './life-events.ts';
import { stateAt } from './state-at.ts';

/** Which layer of a snapshot brought a path, or took it away. */
export interface Blame {
  readonly path: string;
  /** what the snapshot shows at the path */
  readonly shows: 'file' | 'nothing';
  /** the layer that brought it, or that took it away */
  readonly by: Snapshot;
  readonly how: string;
  /** the layer that had brought what was taken away, where one did */
  readonly before: Snapshot | null;
  /** the commit of the layer, or its prepare while it is still open */
  readonly event: Envelope | null;
}

/** The steps of a path within a snapshot. Throws a Fault (`misuse`) for one that climbs out of it. */
export function pathSteps(path: string): readonly string[] {
  const steps = path.split('/').filter((step) => step !== '' && step !== '.');
  if (path === '' || path.includes('\0') || steps.includes('..'))
    throw new Fault(
      'misuse',
      `path ${path === '' ? 'of no letter' : path.replaceAll('\0', '\\0')}: does not stay in the snapshot`,
      {
        hint: 'name it from the root of the snapshot, as /etc/passwd, without ..',
      },
    );
  return steps;
}

/**
 * Looks for the layer of a living snapshot that brought or took away what stands at a path. Rejects with a Fault: `missing` for
 * an unknown key or a path that no layer ever had, `misuse` for a path that leads out or through a link.
 */
export async function blame(
  files: StoreFiles,
  layersOf: (driver: string) => Promise<LayerFiles>,
  { key, path }: { readonly key: string; readonly path: string },
): Promise<Blame> {
  const steps = pathSteps(path);
  const log = await files.openLog();
  try {
    const state = await stateAt(files, log, log.end.position);
    const snapshot = findSnapshot(state, key);
    const layers = await layersOf(state.storeInfo.driver);
    const chain = chainOf(state, snapshot);
    const looks = await lookThrough(layers, chain, steps);
    const found = layers.whole ? inWholeTrees(looks) : inLayers(looks);
    if (found === undefined) throw nowhere(path, key);
    if ('barred' in found) throw notFollowed(found);
    const event = await beginning(mentioning(log, [{ field: 'id', value: String(found.by.id) }]), found.by.id);
    return { path: `/${steps.join('/')}`, ...found, event };
  } finally {
    await log.close();
  }
}

/** The snapshot and its parents, nearest first; a view has no layer of its own. */
function chainOf(state: State, snapshot: Snapshot): readonly Snapshot[] {
  const parents = volumeOf(state, snapshot).parents.flatMap((id) => snapshotWith(state, id) ?? []);
  return snapshot.kind === 'view' ? parents : [snapshot, ...parents];
}

/** What one layer says. */
type Look = LayerLook & { readonly layer: Snapshot };

/** Every layer's word on a path; a layer below one that was renamed has it under another path. */
async function lookThrough(
  layers: LayerFiles,
  chain: readonly Snapshot[],
  path: readonly string[],
): Promise<readonly Look[]> {
  const looks = await Promise.all(
    chain.map(async (layer) => {
      const look = await layers.look({ id: layer.id, committed: layer.kind === 'committed' }, path);
      return { ...look, layer };
    }),
  );
  const renamed = looks.findIndex(({ below }) => below.join('/') !== path.join('/'));
  const other = looks[renamed];
  if (other === undefined) return looks;
  return [...looks.slice(0, renamed + 1), ...(await lookThrough(layers, chain.slice(renamed + 1), other.below))];
}

type Found = Omit<Blame, 'path' | 'event'>;

/** The nearest layer that decides has something on the way that is no directory. */
interface Barred {
  readonly barred: Extract<LayerEntry, { is: 'blocked' }>;
  readonly layer: Snapshot;
}

/**
 * Layers that hold only what is new: the nearest that says anything decides. Something on the way that is no directory takes
 * away what is below it; it is refused only where no nearer layer has a directory in its place, and, but for a link, where
 * there was nothing to take away.
 */
function inLayers(looks: readonly Look[]): Found | Barred | undefined {
  const at = looks.findIndex(({ entry }) => entry.is !== 'absent');
  const look = looks[at];
  if (look === undefined || look.entry.is === 'absent') return undefined;
  const { entry, layer: by, left } = look;
  if (entry.is === 'present') return { shows: 'file', by, how: broughtText(entry), before: null };
  const found = inLayers(looks.slice(at + 1));
  const below = found !== undefined && 'shows' in found ? found : undefined;
  const before = below?.shows === 'file' ? below.by : null;
  if (entry.is === 'blocked' && (before === null || entry.target !== null)) {
    const covered = looks.slice(0, at).some((nearer) => nearer.left < left);
    if (!covered) return { barred: entry, layer: by };
    if (before === null) return below;
  }
  const what = entry.is === 'blocked' ? entry.type : entry.by;
  return { shows: 'nothing', by, how: `took it away by the ${what} /${entry.at}`, before };
}

function broughtText({ type, bytes, metadata }: Extract<LayerEntry, { is: 'present' }>): string {
  if (metadata)
    return `changed the metadata of this ${type}, ${bytes} bytes, whose data is of a layer below (metacopy)`;
  return `brought this ${type}, ${bytes} bytes`;
}

/** Whole trees: the one furthest down that has the same file brought it. */
function inWholeTrees(looks: readonly Look[]): Found | Barred | undefined {
  const stamps = looks.map(({ entry }) => (entry.is === 'present' ? entry.stamp : undefined));
  const origin = (from: number) => {
    const other = stamps.findIndex((stamp, at) => at > from && stamp !== stamps[from]);
    return looks[(other === -1 ? stamps.length : other) - 1]?.layer;
  };
  const [top] = looks;
  if (top?.entry.is === 'present') {
    const by = origin(0);
    return by && { shows: 'file', by, how: broughtText(top.entry), before: null };
  }
  const last = stamps.findIndex((stamp) => stamp !== undefined);
  if (top?.entry.is === 'blocked' && (top.entry.target !== null || last === -1))
    return { barred: top.entry, layer: top.layer };
  const by = looks[last - 1]?.layer;
  return by && { shows: 'nothing', by, how: 'took it away', before: origin(last) ?? null };
}

function notFollowed({ barred: { at, type, target }, layer }: Barred): Fault {
  const leads = target === null ? `is a ${type}` : `is a symbolic link to ${target}`;
  return new Fault('misuse', `/${at}: ${leads} in layer ${layer.id}, and nothing is followed`, {
    hint: 'name the path that it leads to within the snapshot',
  });
}

const nowhere = (path: string, key: string) =>
  new Fault('missing', `${path}: no layer of ${key} has it or ever took it away`, {
    hint: 'name it from the root of the snapshot, as /etc/passwd',
  });

async function beginning(batches: AsyncIterable<readonly Envelope[]>, id: number): Promise<Envelope | null> {
  const events: Envelope[] = [];
  for await (const batch of batches) events.push(...batch);
  const life = historiesIn(events).get(id);
  return life?.committed ?? life?.prepared ?? null;
}

/** A blame as plain JSON. */
export function blameRow({ path, shows, by, how, before, event }: Blame): Record<string, unknown> {
  return {
    path,
    shows,
    how,
    layer: { id: String(by.id), key: by.key, kind: by.kind },
    before: before && { id: String(before.id), key: before.key, kind: before.kind },
    time: event === null ? null : String(event.time),
    position: event === null ? null : String(event.position),
    actor: event?.meta ?? null,
  };
}
