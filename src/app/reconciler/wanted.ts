import type { State } from '../../../projections/state.ts';
import type { Doomed } from '../../../projections/volumes.ts';
import type { Volume, VolumeDriver } from '../../ports/volume-driver.ts';
import { volumeOf } from '../volume-of.ts';

/** A volume that the log asks for. */
export interface WantedVolume {
  readonly volume: Volume;
  readonly key: string;
  readonly parentId: number | null;
  /** it has something on disk of its own */
  readonly occupies: boolean;
  /** The log shows a prepare that may never have been answered, so nobody can have written into the volume. */
  readonly fresh: boolean;
}

/** What the log says should be on disk, and what it says should go. */
export interface Wanted {
  readonly volumes: ReadonlyMap<number, WantedVolume>;
  readonly doomed: ReadonlyMap<number, Doomed>;
  /** the highest id that the log ever gave */
  readonly lastId: number;
}

/**
 * `crashedSince` is the position of the opening of a session that did not end in order, null after an orderly end: only
 * what such a session prepared, and no later event speaks of, can be fresh.
 */
export function wantedOf(state: State, driver: Pick<VolumeDriver, 'occupies'>, crashedSince: number | null): Wanted {
  const volumes = new Map<number, WantedVolume>();
  for (const snapshot of state.index.values()) {
    const volume = volumeOf(state, snapshot);
    const record = state.volumes.wanted.get(snapshot.id);
    const fresh = crashedSince !== null && record !== undefined && record.prepared > crashedSince && !record.touched;
    const { key, parentId } = snapshot;
    volumes.set(snapshot.id, { volume, key, parentId, occupies: driver.occupies(volume), fresh });
  }
  return { volumes, doomed: new Map(state.volumes.doomed), lastId: state.life.lastId };
}
