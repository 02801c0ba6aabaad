import type { State } from '../../../projections/state.ts';
import type { Doomed } from '../../../projections/volumes.ts';
import type { Volume, VolumeDriver } from '../../ports/volume-driver.ts';
import { retainedVolume, volumeOf } from '../volume-of.ts';

/** A volume that the log asks for. */
export interface WantedVolume {
  readonly volume: Volume;
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
  readonly volumes: ReadonlyMap<number, WantedVolume>;
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
  const volumes = new Map<number, WantedVolume>();
  for (const snapshot of state.index.values()) {
    const volume = volumeOf(state, snapshot);
    const record = state.volumes.wanted.get(snapshot.id);
    const ofCrash = crash !== null && record !== undefined && record.prepared > crash.since;
    // A power cut takes back the making of a volume too, even of one that somebody has written into.
    const fresh = ofCrash && record.kind !== 'committed' && (crash.powerCut || !record.touched);
    const unsafe = crash?.powerCut === true && record?.kind === 'committed' && !record.flushed;
    const { key, parentId } = snapshot;
    const occupies = driver.occupies(volume);
    volumes.set(snapshot.id, { volume, key, parentId, occupies, fresh, unsafe, retained: false });
  }
  for (const [id, { snapshot, flushed }] of state.volumes.retained) {
    const volume = retainedVolume(state, snapshot);
    const { key, parentId } = snapshot;
    const unsafe = crash?.powerCut === true && !flushed;
    volumes.set(id, { volume, key, parentId, occupies: true, fresh: false, unsafe, retained: true });
  }
  return { volumes, doomed: new Map(state.volumes.doomed), lastId: state.life.lastId };
}
