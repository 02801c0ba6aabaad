import type { Envelope } from '../../../events/envelope.ts';
import { livesIn } from '../../../projections/lives.ts';
import type { Snapshot } from '../../../projections/snapshot.ts';
import type { State } from '../../../projections/state.ts';
import { Fault } from '../../ports/fault.ts';
import type { LayerEntry, LayerFiles, LayerOf } from '../../ports/layer-files.ts';
import type { StoreFiles } from '../../ports/store-files.ts';
import { snapshotWith, volumeOf } from '../volume-of.ts';
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
    const layers = await layersOf(state.life.driver);
    const chain = chainOf(state, snapshot);
    const entries = await Promise.all(
      chain.map(({ id, kind }) => entryAt(layers, { id, committed: kind === 'committed' }, steps)),
    );
    const found = layers.whole ? inWholeTrees(chain, entries) : inLayers(chain, entries);
    if (found === undefined) throw nowhere(path, key);
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

async function entryAt(layers: LayerFiles, layer: LayerOf, steps: readonly string[]): Promise<LayerEntry> {
  const entry = await layers.entryAt(layer, steps);
  if (entry.is !== 'barred') return entry;
  const leads = entry.target === null ? `is a ${entry.type}` : `is a symbolic link to ${entry.target}`;
  throw new Fault('misuse', `/${entry.at}: ${leads} in layer ${layer.id}, and nothing is followed`, {
    hint: 'name the path that it leads to within the snapshot',
  });
}

type Found = Omit<Blame, 'path' | 'event'>;

/** Layers that hold only what is new: the nearest that says anything decides. */
function inLayers(chain: readonly Snapshot[], entries: readonly LayerEntry[]): Found | undefined {
  const at = entries.findIndex(({ is }) => is !== 'silent');
  const [by, entry] = [chain[at], entries[at]];
  if (by === undefined || entry === undefined) return undefined;
  if (entry.is === 'there')
    return { shows: 'file', by, how: `brought this ${entry.type}, ${entry.bytes} bytes`, before: null };
  if (entry.is !== 'hidden') return undefined;
  const below = entries.findIndex(({ is }, index) => index > at && is === 'there');
  return { shows: 'nothing', by, how: `took it away by the ${entry.by} /${entry.at}`, before: chain[below] ?? null };
}

/** Whole trees: the one furthest down that has the same file brought it. */
function inWholeTrees(chain: readonly Snapshot[], entries: readonly LayerEntry[]): Found | undefined {
  const stamps = entries.map((entry) => (entry.is === 'there' ? entry.stamp : undefined));
  const origin = (from: number) => {
    const other = stamps.findIndex((stamp, at) => at > from && stamp !== stamps[from]);
    return chain[(other === -1 ? stamps.length : other) - 1];
  };
  const [top] = entries;
  if (top?.is === 'there') {
    const by = origin(0);
    return by && { shows: 'file', by, how: `brought this ${top.type}, ${top.bytes} bytes`, before: null };
  }
  const last = stamps.findIndex((stamp) => stamp !== undefined);
  const by = chain[last - 1];
  return by && { shows: 'nothing', by, how: 'took it away', before: origin(last) ?? null };
}

const nowhere = (path: string, key: string) =>
  new Fault('missing', `${path}: no layer of ${key} has it or ever took it away`, {
    hint: 'name it from the root of the snapshot, as /etc/passwd',
  });

async function beginning(batches: AsyncIterable<readonly Envelope[]>, id: number): Promise<Envelope | null> {
  const events: Envelope[] = [];
  for await (const batch of batches) events.push(...batch);
  const life = livesIn(events).get(id);
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
