import type { Kind } from '../../../events/codecs.ts';
import type { Snapshot } from '../../../projections/snapshot.ts';
import type { State } from '../../../projections/state.ts';
import type { Doomed, Retained } from '../../../projections/volumes.ts';
import type { Volume, VolumeDriver } from '../../ports/volume-driver.ts';
import { layerWith } from '../volume-of.ts';

/** A volume that the log asks for. */
export interface WantedVolume {
  readonly id: number;
  readonly kind: Kind;
  readonly key: string;
  readonly parentId: number | null;
  /** it has something on disk of its own */
  readonly occupies: boolean;
  /** The log shows a prepare that may never have been answered, or of which the power cut may have left nothing. */
  readonly fresh: boolean;
  /** Committed, but not known to have been on stable storage when the power went. */
  readonly unsafe: boolean;
  /** removed, and kept so that it can be brought back */
  readonly retained: boolean;
}

/** What the log says should be on disk, and what it says should go. */
export interface Wanted {
  /** All of them; each is made when it is asked for, so that a large store costs no copy of it. */
  volumes(): Iterable<WantedVolume>;
  has(id: number): boolean;
  /** the wanted volume with an id as its driver sees it; throws for any other id */
  volume(id: number): Volume;
  key(id: number): string;
  readonly doomed: ReadonlyMap<number, Doomed>;
  /** the highest id that the log ever gave */
  readonly lastId: number;
}

/** How a session ended that recorded no closing. */
export interface Crash {
  /** position of its opening */
  readonly since: number;
  /** the machine went down with it: what was not flushed may be gone */
  readonly powerCut: boolean;
}

/** The crash that the newest session ended with, or null after an orderly end. `boot` is the kernel's boot id now. */
export function crashOf({ life }: State, boot: string): Crash | null {
  return life.open ? { since: life.opened, powerCut: life.boot !== boot } : null;
}

/**
 * Only what a crashed session prepared and did not commit can be fresh: after a power cut all of it, else what no later event
 * speaks of. Only a power cut leaves data unsafe.
 */
export function wantedOf(state: State, driver: Pick<VolumeDriver, 'occupies'>, crash: Crash | null): Wanted {
  const wanted = ({ id, kind, key, parentId }: Snapshot): WantedVolume => {
    const record = state.volumes.wanted.get(id);
    const ofCrash = crash !== null && record !== undefined && record.prepared > crash.since;
    // A power cut takes back the making of a volume too, even of one that somebody has written into.
    const fresh = ofCrash && record.kind !== 'committed' && (crash.powerCut || !record.touched);
    const unsafe = crash?.powerCut === true && record?.kind === 'committed' && !record.flushed;
    return { id, kind, key, parentId, occupies: driver.occupies({ kind }), fresh, unsafe, retained: false };
  };
  const kept = ({ snapshot: { id, kind, key, parentId }, flushed }: Retained): WantedVolume => {
    const unsafe = crash?.powerCut === true && !flushed;
    return { id, kind, key, parentId, occupies: true, fresh: false, unsafe, retained: true };
  };
  return {
    volumes: function* () {
      for (const snapshot of state.index.values()) yield wanted(snapshot);
      for (const [, retained] of state.volumes.retained) yield kept(retained);
    },
    has: (id) => state.lineage.has(id) || state.volumes.retained.has(id),
    volume: (id) => layer(state, id).volume,
    key: (id) => layer(state, id).snapshot.key,
    doomed: new Map(state.volumes.doomed),
    lastId: state.life.lastId,
  };
}

function layer(state: State, id: number) {
  const found = layerWith(state, id);
  if (found === undefined) throw new TypeError(`no living or retained snapshot has the number ${id}`);
  return found;
}
