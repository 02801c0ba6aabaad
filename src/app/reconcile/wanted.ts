import type { EmptyLayer, Kind } from '../../../events/codecs.ts';
import type { State } from '../../../projections/state.ts';
import type { Wanted as Living, Retained, Volumes } from '../../../projections/volumes.ts';
import type { Volume, VolumeDriver } from '../../ports/volume-driver.ts';
import { isStaged, layerWith, snapshotWith } from '../store/volume-of.ts';

/** A volume that the log requires. */
export interface WantedVolume {
  readonly id: number;
  readonly kind: Kind;
  /** it has something of its own on disk */
  readonly occupies: boolean;
  /** The log shows a prepare that may not have been answered, or whose volume a power cut may have undone. */
  readonly fresh: boolean;
  /** Committed, but not known to have been on stable storage at the power cut. */
  readonly unsafe: boolean;
  /** An active that holds a copy of a layer: an empty one can't replace it. */
  readonly staged: boolean;
  /** removed, and kept so that it can be restored */
  readonly retained: boolean;
  /** A committed layer of nothing, which can be created again. */
  readonly empty: EmptyLayer | undefined;
}

/** The volumes that the log requires on disk, and those that it does not. Valid as long as the state does not change. */
export interface Wanted {
  /** All of them; each is made on demand, so that a large store is not copied. */
  volumes(): Iterable<WantedVolume>;
  has(id: number): boolean;
  /** a wanted volume as its driver sees it; throws for any other id */
  volume(id: number): Volume;
  key(id: number): string;
  readonly pendingPurge: Volumes['pendingPurge'];
  /** the highest id in the log */
  readonly lastId: number;
}

/** A session that recorded no closing. */
export interface Crash {
  /** position of its opening */
  readonly since: number;
  /** the machine went down: what was not flushed may be gone */
  readonly powerCut: boolean;
}

/** The crash that the newest session ended with, or null after a clean shutdown. `boot` is the kernel's boot id now. */
export function crashOf({ storeInfo }: State, boot: string): Crash | null {
  return storeInfo.open ? { since: storeInfo.opened, powerCut: storeInfo.boot !== boot } : null;
}

/**
 * Only what a crashed session prepared and did not commit can be fresh: after a power cut all of it, else what no later event
 * concerns. A staged active is not: its copy can't be recreated. Only a power cut leaves data unsafe.
 */
export function wantedOf(state: State, driver: Pick<VolumeDriver, 'occupies'>, crash: Crash | null): Wanted {
  const { volumes, storeInfo } = state;
  const emptyOf = (id: number) => volumes.empty.get(id);
  const wanted = (id: number, { kind, prepared, touched, flushed }: Living): WantedVolume => {
    const ofCrash = crash !== null && prepared > crash.since;
    // A power cut may undo the creation even of a volume that was written into.
    const staged = kind === 'active' && isStaged(snapshotWith(state, id));
    const fresh = ofCrash && kind !== 'committed' && !staged && (crash.powerCut || !touched);
    const unsafe = crash?.powerCut === true && kind === 'committed' && !flushed;
    return {
      id,
      kind,
      occupies: driver.occupies({ kind }),
      fresh,
      unsafe,
      staged,
      retained: false,
      empty: emptyOf(id),
    };
  };
  const kept = ({ snapshot: { id, kind }, flushed }: Retained): WantedVolume => {
    const unsafe = crash?.powerCut === true && !flushed;
    return { id, kind, occupies: true, fresh: false, unsafe, staged: false, retained: true, empty: emptyOf(id) };
  };
  return {
    volumes: function* () {
      for (const [id, existing] of volumes.wanted) yield wanted(id, existing);
      for (const [, retained] of volumes.retained) yield kept(retained);
    },
    has: (id) => volumes.wanted.has(id) || volumes.retained.has(id),
    volume: (id) => {
      const [{ volume }, empty] = [layer(state, id), emptyOf(id)];
      return empty === undefined ? volume : { ...volume, empty };
    },
    key: (id) => layer(state, id).snapshot.key,
    pendingPurge: volumes.pendingPurge,
    lastId: storeInfo.lastId,
  };
}

function layer(state: State, id: number) {
  const found = layerWith(state, id);
  if (found === undefined) throw new TypeError(`no existing or retained snapshot has id ${id}`);
  return found;
}
