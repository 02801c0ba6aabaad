import type { Action } from '../app/reconciler/action.ts';
import type { Config } from '../config/config.ts';
import type { CheckpointStore } from '../ports/checkpoint-store.ts';
import type { EventLog } from '../ports/event-log.ts';
import type { Logger } from '../ports/logger.ts';
import type { VolumeDriver } from '../ports/volume-driver.ts';

/** A log that another process may be writing meanwhile. Nothing on disk is changed, the lock is not asked for. */
export type ReadableLog = Pick<EventLog, 'end' | 'read' | 'markAt' | 'close'>;

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
}

export interface Daemon {
  /** Ends calls under way, closes the log, removes the sockets. */
  stop(reason: string): Promise<void>;
}

/** What can be learnt of a root's volumes without changing anything. */
export interface VolumeScan extends Pick<VolumeDriver, 'occupies' | 'scan' | 'untouched'> {
  /** the kernel's boot id */
  readonly boot: string;
}

/** What the commands need that only the composition root can make. Each loads its code when it is called. */
export interface World {
  openLog(root: string): Promise<ReadableLog>;
  inspectLog(root: string): Promise<LogReport>;
  openCheckpoints(root: string): Promise<CheckpointStore>;
  /** `driver` is the name that the store was made with. Another process may be using the root. */
  openScan(root: string, driver: string): Promise<VolumeScan>;
  startDaemon(config: Config, logger: Logger): Promise<Daemon>;
  /** Takes the store's lock, reconciles and lets go. Rejects with a Fault (`busy`) while a daemon runs. */
  reconcileStopped(config: Config, logger: Logger): Promise<readonly Action[]>;
}
