import type { Snapshot } from '../../projections/snapshot.ts';
import type { Action } from '../app/reconcile/action.ts';
import type { Config } from '../config/config.ts';
import type { Address } from '../config/values.ts';
import type { Answer } from '../domain/commands.ts';
import type { FleetQuestions } from '../ports/fleet-questions.ts';
import type { FleetRemoval } from '../ports/fleet-removal.ts';
import type { LayerFiles, LayerInspector } from '../ports/layers.ts';
import type { Logger } from '../ports/logger.ts';
import type { DoctorFacts } from '../ports/machine-facts.ts';
import type { StoreFiles } from '../ports/store-files.ts';
import type { Found, MountPlan, VolumeDriver } from '../ports/volume-driver.ts';
import type {
  ArchivedSegment,
  LogReport,
  MovedArchives,
  MoveOptions,
  RepairReport,
  TransferReport,
} from './store-reports.ts';
import type { GivebackReport, ImportSource, SwitchOptions, TakeoverReport } from './switch-reports.ts';

export interface Daemon {
  /** Ends calls in progress, closes the log, removes the sockets. */
  stop(reason: string): Promise<void>;
}

/** A console of a root. */
export interface ConsoleOptions {
  /** the root of a store, or the file of an export */
  readonly of: { readonly root: string } | { readonly file: string };
  /** the settings file, if it is not the default one */
  readonly config: string | undefined;
  /** port 0 for any that is free */
  readonly listen: { readonly host: string; readonly port: number };
  /** offers neither restore nor reconcile */
  readonly readOnly: boolean;
}

export interface RunningConsole {
  readonly port: number;
  /** An address with a token that works once. */
  issue(): string;
  close(): Promise<void>;
}

/** Reads a root's volumes without changing anything. */
export interface VolumeScan extends Pick<VolumeDriver, 'occupies' | 'isPristine'> {
  /** After the signal it may reject with the signal's reason. */
  scan(signal?: AbortSignal): Promise<readonly Found[]>;
  /** the kernel's boot id */
  readonly boot: string;
}

export interface FleetServeOptions {
  /** connection string of the database */
  readonly database: string;
  /** on loopback */
  readonly listen: { readonly host: string; readonly port: number };
  /** holds the bearer token */
  readonly tokenFile: string;
}

/** What this machine is like for containerd. */
export interface ContainerdHost {
  /** as `containerd --version` prints it; undefined without containerd */
  readonly version: string | undefined;
  readonly userNamespace: boolean;
}

/** Which daemon and which containerd `doctor` inspects; by default those of this machine. */
export interface DoctorOptions {
  readonly config?: string | undefined;
  readonly root?: string | undefined;
  /** a version of containerd */
  readonly containerd?: string | undefined;
  /** containerd's main file */
  readonly main?: string | undefined;
}

/** What `fleet index` does. */
export interface FleetIndexOptions {
  /** connection strings of the KurrentDB cluster and of the PostgreSQL database */
  readonly from: string;
  readonly into: string;
  /** end when the index is up to date */
  readonly once: boolean;
  /** build the index anew, and swap */
  readonly rebuild: boolean;
  /** milliseconds; undefined: without end */
  readonly keepRemoved: number | undefined;
  /** metrics and health on loopback TCP; null: none */
  readonly listen: Address | null;
  /** stops it in order */
  readonly signal: AbortSignal;
}

/** What the commands need from the composition root. Each method loads its code when it is called. */
export interface CliDeps {
  storeFiles(root: string): StoreFiles;
  /** After the signal it rejects soon, with the signal's reason. */
  inspectLog(root: string, signal?: AbortSignal): Promise<LogReport>;
  /** `driver` is the one that the store was created with. Another process may be using the root. */
  openScan(root: string, driver: string): Promise<VolumeScan>;
  /** Compresses complete segments without events after a position; with `dryRun` it only returns which. A daemon may be running. */
  archiveLog(root: string, upTo: number, dryRun: boolean): Promise<readonly ArchivedSegment[]>;
  /**
   * Moves archives of the segments before a position to a directory; with `dryRun` it only returns which. Undefined for none.
   * Rejects with a Fault (`busy`) while a daemon is running.
   */
  moveArchives(root: string, options: MoveOptions): Promise<MovedArchives | undefined>;
  /** Brings back what was moved to a directory; undefined for nothing. Rejects as `moveArchives`. */
  bringBack(root: string, from: string): Promise<Pick<MovedArchives, 'first' | 'last'> | undefined>;
  /** Writes a store as one new file. With `volumes` the daemon must be stopped. */
  exportStore(root: string, file: string, volumes: boolean): Promise<TransferReport>;
  /** Creates a store from such a file in an empty root after checking every byte of it; `driver` if it changes. */
  importStore(root: string, file: string, driver: string | undefined): Promise<TransferReport>;
  /** Makes a store of the root of containerd's overlay snapshotter, in place. Rejects with a Fault (`busy`) while containerd is running. */
  takeOver(root: string, options: SwitchOptions): Promise<TakeoverReport>;
  /**
   * Makes a store in a new root of the root of containerd's btrfs or native snapshotter, which stays as it is; `driver` if it is not the
   * default. Rejects with a Fault (`busy`) while containerd is running.
   */
  importContainerd(root: string, options: SwitchOptions & ImportSource): Promise<TakeoverReport>;
  /** Makes such a root of a stopped store, in place. Rejects with a Fault (`busy`) while a daemon or containerd is running. */
  giveBack(root: string, options: SwitchOptions): Promise<GivebackReport>;
  /** Compares the layers of a store with what is known about them. */
  openInspector(root: string, driver: string): Promise<LayerInspector>;
  /** Reads paths in the layers of a store. */
  openLayers(root: string, driver: string): Promise<LayerFiles>;
  /** Computes the mounts of a store's volumes. */
  openMounts(settings: Pick<Config, 'root' | 'overlay'>, driver: string): Promise<MountPlan>;
  /** Repairs the log under the store's lock; with `dryRun` it only returns what it would do. Rejects with a Fault (`busy`) while a daemon is running. */
  repairLog(root: string, dryRun: boolean): Promise<RepairReport>;
  /** Creates the store of a root without one, tries its driver, starts its log and closes it. */
  initStore(config: Config, logger: Logger): Promise<{ readonly store: string; readonly created: boolean }>;
  startDaemon(
    config: Config,
    logger: Logger,
    options: { readonly takeOver: boolean; readonly settings: string | undefined },
  ): Promise<Daemon>;
  /** Reconciles under the store's lock. Rejects with a Fault (`busy`) while a daemon is running. */
  reconcileStopped(config: Config, logger: Logger): Promise<readonly Action[]>;
  /** Inspects the machine. Nothing stays changed; a stopped store is locked meanwhile. The facts say what could not be read. */
  doctorFacts(options: DoctorOptions): Promise<DoctorFacts>;
  /** Restores a retained layer under the store's lock. Rejects as `reconcileStopped`. */
  restoreStopped(config: Config, name: string, logger: Logger): Promise<Answer<readonly Snapshot[]>>;
  containerdHost(): Promise<ContainerdHost>;
  /** Serves the console on loopback. Rejects with a Fault (`busy`) if another process listens there. */
  startConsole(options: ConsoleOptions, logger: Logger): Promise<RunningConsole>;
  /** Indexes the fleet until the signal, or the end with `once`. Rejects with a Fault that a repetition would not change. */
  indexFleet(options: FleetIndexOptions, logger: Logger): Promise<void>;
  /** Connects to the database of a fleet, to read. Rejects with a Fault, as `FleetQuestions` and for a wrong connection string. */
  openFleet(database: string): Promise<FleetQuestions>;
  /** Connects to the database of a fleet, to remove a store from it. Rejects as `openFleet`. */
  openFleetRemoval(database: string): Promise<FleetRemoval>;
  /** Answers the questions to a fleet over HTTP. */
  serveFleet(options: FleetServeOptions, logger: Logger): Promise<Daemon>;
}
