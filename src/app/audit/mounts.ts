import * as t from 'io-ts';
import { Decimal, Kind } from '../../../events/codecs.ts';
import type { StoreInfo } from '../../../projections/store-info.ts';
import { Fault } from '../../ports/fault.ts';
import type { Mount, MountPlan, Volume } from '../../ports/volume-driver.ts';
import type { AuditSource } from '../queries/query.ts';
import { volumeOf } from '../store/volume-of.ts';
import { findSnapshot } from './find-snapshot.ts';
import { stateOfStore } from './state-at.ts';

const texts = t.readonlyArray(t.string);

export const Mounts = t.strict(
  {
    id: Decimal,
    key: t.string,
    kind: Kind,
    /** containerd's call that answers these: a committed snapshot has none of its own, they are those of a new view of it */
    call: t.keyof({ Mounts: null, View: null }),
    /** containerd mounts them in this order; none if they are unknown */
    mounts: t.readonlyArray(t.strict({ type: t.string, source: t.string, target: t.string, options: texts })),
    /** what is not known here, and why */
    unknown: texts,
  },
  'Mounts',
);
export type Mounts = t.TypeOf<typeof Mounts>;

/**
 * The mounts of an existing snapshot, computed from the store's files with this machine's kernel and settings. Rejects with a Fault as
 * `findSnapshot`, and with `unsupported` for a driver of a later release.
 */
export async function mountsOf(
  { files, mounts: planFor }: Pick<AuditSource, 'files' | 'mounts'>,
  key: string,
  at?: string,
): Promise<Mounts> {
  const state = await stateOfStore(files, at);
  const snapshot = findSnapshot(state, key);
  const volume = volumeOf(state, snapshot);
  const plan = await planFor(state.storeInfo.driver);
  const isLayer = snapshot.kind === 'committed';
  const answer =
    isLayer && plan.viewsAreVolumes
      ? uncreated
      : await planned(plan, state.storeInfo, isLayer ? viewOf(volume) : volume);
  return { id: snapshot.id, key: snapshot.key, kind: snapshot.kind, call: isLayer ? 'View' : 'Mounts', ...answer };
}

const uncreated = {
  mounts: [],
  unknown: ['With this driver a view is a subvolume of its own: its mount is known once it is created.'],
};

const viewOf = ({ id, parents }: Volume): Volume => ({ id, kind: 'view', parents: [id, ...parents], labels: {} });

async function planned(
  plan: MountPlan,
  info: StoreInfo,
  volume: Volume,
): Promise<{ readonly mounts: readonly Mount[]; readonly unknown: readonly string[] }> {
  const unknown = elsewhere(plan, info);
  try {
    return { mounts: await plan.mounts(volume, info.root?.path ?? plan.root.path), unknown };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return { mounts: [], unknown: [...unknown, `The mounts can't be computed: ${error.message}; ${error.hint}.`] };
  }
}

/** Options depend on the kernel and on the settings `overlay.mount_options` and `overlay.remap_ids`. */
function elsewhere({ root, kernel }: MountPlan, info: StoreInfo): readonly string[] {
  if (info.root === null)
    return ['No daemon has opened this store yet: the paths are those below the root that is read.'];
  if (info.root.id !== root.id)
    return [
      `The store was last opened as ${info.root.path} on ${info.root.host}, not here: its kernel and settings are unknown, and the options are those of this machine.`,
    ];
  return info.node === undefined || info.node.kernel === kernel
    ? []
    : [`The daemon last ran on Linux ${info.node.kernel}: the options are those of Linux ${kernel}, which runs now.`];
}
