import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { retainedTotals, type State } from '../../../projections/state.ts';
import type { Action } from '../../app/reconcile/action.ts';
import { type FoundVolume, plan } from '../../app/reconcile/plan.ts';
import { crashOf, wantedOf } from '../../app/reconcile/wanted.ts';
import { volumeOf } from '../../app/store/volume-of.ts';
import type { VolumeScan } from '../../cli/cli-deps.ts';
import type { MetadataContent, StoredSnapshot } from '../../ports/containerd-store.ts';
import { Fault } from '../../ports/fault.ts';
import type { LayerInspector } from '../../ports/layers.ts';

/** What containerd's snapshotter gets, and what is set aside. */
export interface GivebackPlan {
  readonly content: MetadataContent;
  readonly committed: number;
  readonly actives: number;
  readonly views: number;
  /** of the committed snapshots */
  readonly bytes: number;
  /** retained layers, which containerd's snapshotter can't know */
  readonly retained: number;
  readonly retainedBytes: number;
  /** entries below `snapshots/` that belong to no snapshot: retained layers, and what waits for its deletion */
  readonly aside: readonly string[];
}

/** Rejects with a Fault (`misuse`) if the disk is not what the log says: only an opening of the store makes it so. */
export async function planGiveback(
  root: string,
  state: State,
  volumes: VolumeScan,
  usage: LayerInspector['usage'],
): Promise<GivebackPlan> {
  await expectSettled(root, state, volumes);
  const snapshots: StoredSnapshot[] = [];
  for (const snapshot of state.index.values()) {
    const { id, key, kind, parent, labels, created, updated } = snapshot;
    const known = state.usage.get(id);
    const measured = kind === 'committed' ? (known ?? (await usage(volumeOf(state, snapshot)))) : null;
    const own = measured && { bytes: measured.bytes, inodes: measured.inodes };
    snapshots.push({ id, key, kind, parent, labels, created, updated, usage: own });
  }
  const content = { lastId: state.storeInfo.lastId, snapshots };
  const count = (kind: StoredSnapshot['kind']) => snapshots.filter((one) => one.kind === kind).length;
  const { count: retained, bytes: retainedBytes } = retainedTotals(state);
  return {
    content,
    ...{ committed: count('committed'), actives: count('active'), views: count('view') },
    bytes: snapshots.reduce((sum, one) => sum + (one.usage?.bytes ?? 0), 0),
    ...{ retained, retainedBytes },
    aside: strangersIn(root, content),
  };
}

/** Entries below `snapshots/` that no snapshot of a database has. */
export function strangersIn(root: string, { snapshots }: MetadataContent): readonly string[] {
  const ids = new Set(snapshots.map(({ id }) => String(id)));
  return readdirSync(join(root, 'snapshots')).filter((name) => !ids.has(name));
}

/** Actions about entries that belong to no snapshot: they are set aside. */
const setAside: readonly Action['type'][] = ['purge', 'quarantine', 'discard'];

async function expectSettled(root: string, state: State, volumes: VolumeScan): Promise<void> {
  const crash = crashOf(state, volumes.boot);
  const found: FoundVolume[] = [];
  for (const volume of await volumes.scan()) {
    const isNewer = volume.id !== null && volume.id > state.storeInfo.lastId;
    found.push(isNewer ? { ...volume, pristine: await volumes.isPristine(volume) } : volume);
  }
  const actions = plan(wantedOf(state, volumes, crash), found).filter(({ type }) => !setAside.includes(type));
  if (crash === null && actions.length === 0) return;
  const first = actions.slice(0, 3).map(({ type, why }: Action) => `${type}: ${why}`);
  const what = crash === null ? 'its disk is not what its log says' : 'it was not closed in order';
  throw new Fault('misuse', `root ${root}: ${[what, ...first].join('; ')}`, {
    hint: `run \`snapledger reconcile --root ${root}\` first; it reports what is lost. Nothing was changed`,
  });
}
