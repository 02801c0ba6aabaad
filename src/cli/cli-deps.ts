import type { Snapshot } from '../../projections/snapshot.ts';
import type { Action } from '../app/reconcile/action.ts';
import type { Config } from '../config/config.ts';
import type { Answer } from '../domain/refusal.ts';
import type { CheckpointStore } from '../ports/checkpoint-store.ts';
import type { Gone } from '../ports/event-log.ts';
import type { LayerFiles } from '../ports/layer-files.ts';
import type { LayerInspector } from '../ports/layer-inspector.ts';
import type { Logger } from '../ports/logger.ts';
import type { ReadableLog } from '../ports/readable-log.ts';
import type { LogFigures } from '../ports/store-files.ts';
import type { Found, VolumeDriver } from '../ports/volume-driver.ts';

/** What a log's files show when every byte of them is checked. */
export interface LogReport {
  readonly store: string;
  readonly segments: number;
  readonly records: number;
  readonly bytes: number;
  /** the last whole record's position */
  readonly position: number;
  /** bytes after the last whole record: a write that is under way, or one that a crash tore */
  readonly torn: number;
  /** where each damage is, what it is, and what to do */
  readonly damage: readonly { readonly text: string; readonly hint: string }[];
  /** positions that a repair left out */
  readonly gaps: readonly { readonly file: string; readonly first: number; readonly last: number }[];
  /** archives that were moved away */
  readonly gone?: Gone | undefined;
}

/** A part of a log that a repair gives up. */
export interface LossReport {
  readonly done: 'rebuilt' | 'bridged' | 'truncated';
  /** file, byte, position, what is wrong, what becomes of it */
  readonly text: string;
  readonly first: number;
  readonly last: number;
  /** lost events that can still be read */
  readonly records: readonly LostRecord[];
  /** how many of the positions nothing is known of */
  readonly unreadable: number;
}

export interface LostRecord {
  readonly position: number;
  readonly type: string;
  readonly id: number | null;
  readonly about: string;
}

/** What a repair did, or would do. */
export interface RepairReport {
  readonly losses: readonly LossReport[];
  /** where the damaged originals are kept, relative to the root; empty where there is nothing to repair */
  readonly kept: string;
  /** what is kept there: files that are changed or taken out, relative to the root */
  readonly changed: readonly string[];
  /** ids of snapshots up to this are not used again */
  readonly lastId: number;
  /** a repair that was interrupted was found */
  readonly again: boolean;
}

/** An export that was written or read; `bytes` is 0 for one that was read. */
export interface TransferReport {
  readonly file: string;
  readonly root: string;
  readonly store: string;
  readonly driver: string;
  readonly position: number;
  readonly volumes: boolean;
  readonly bytes: number;
  /** sockets in the layers, which no archive holds; paths relative to the snapshot's layer */
  readonly leftOut: readonly { readonly snapshot: number; readonly path: string }[];
}

export interface Moving {
  readonly before: number;
  readonly to: string;
  readonly dryRun: boolean;
}

/** Archives that were moved, and the positions that they hold. */
export interface MovedArchives {
  readonly first: number;
  readonly last: number;
  readonly to: string;
  readonly files: readonly { readonly name: string; readonly bytes: number }[];
}

/** A segment that was compressed, or would be; `after` is 0 then. */
export interface ArchivedSegment {
  readonly segment: string;
  readonly first: number;
  readonly last: number;
  readonly before: number;
  readonly after: number;
}

export interface Daemon {
  /** Ends calls under way, closes the log, removes the sockets. */
  stop(reason: string): Promise<void>;
}

/** What can be learnt of a root's volumes without changing anything. */
export interface VolumeScan extends Pick<VolumeDriver, 'occupies' | 'isPristine'> {
  scan(): Promise<readonly Found[]>;
  /** the kernel's boot id */
  readonly boot: string;
}

/** What the commands need that only the composition root can make. Each loads its code when it is called. */
export interface World {
  openLog(root: string): Promise<ReadableLog>;
  inspectLog(root: string): Promise<LogReport>;
  measureLog(root: string): Promise<LogFigures>;
  openCheckpoints(root: string): Promise<CheckpointStore>;
  /** `driver` is the name that the store was made with. Another process may be using the root. */
  openScan(root: string, driver: string): Promise<VolumeScan>;
  /** Compresses sealed segments without events after a position, or tells which; a daemon may be at work. */
  archiveLog(root: string, upTo: number, dryRun: boolean): Promise<readonly ArchivedSegment[]>;
  /**
   * Moves archives of the segments before a position to a directory, or tells which; undefined where there is none. Rejects with
   * a Fault (`busy`) while a daemon runs.
   */
  moveArchives(root: string, options: Moving): Promise<MovedArchives | undefined>;
  /** Brings back what was moved to a directory; undefined where nothing was. Rejects as `moveArchives`. */
  bringBack(root: string, from: string): Promise<Pick<MovedArchives, 'first' | 'last'> | undefined>;
  /** Writes a store as one file, which must not be there. With `volumes` it must be stopped. */
  exportStore(root: string, file: string, volumes: boolean): Promise<TransferReport>;
  /** Makes a store of such a file in an empty root, once every byte of it is checked; with another driver where one is named. */
  importStore(root: string, file: string, driver: string | undefined): Promise<TransferReport>;
  /** Compares the layers of a store that was made with this driver with what is known of them. */
  openInspector(root: string, driver: string): Promise<LayerInspector>;
  /** Looks into the layers of a store that was made with this driver. */
  openLayers(root: string, driver: string): Promise<LayerFiles>;
  /** Repairs the log under the store's lock, or tells what it would do. Rejects with a Fault (`busy`) while a daemon runs. */
  repairLog(root: string, dryRun: boolean): Promise<RepairReport>;
  /** Makes the store of a root that holds none, with its driver tried and its log begun, and stops it again. */
  initStore(config: Config, logger: Logger): Promise<{ readonly store: string; readonly created: boolean }>;
  startDaemon(config: Config, logger: Logger, options: { readonly takeOver: boolean }): Promise<Daemon>;
  /** Takes the store's lock, reconciles and lets go. Rejects with a Fault (`busy`) while a daemon runs. */
  reconcileStopped(config: Config, logger: Logger): Promise<readonly Action[]>;
  /** Takes the store's lock, restores a retained layer and lets go. Rejects as `reconcileStopped`. */
  restoreStopped(config: Config, name: string, logger: Logger): Promise<Answer<readonly Snapshot[]>>;
}
