import type { DiskSpace } from './disk-space.ts';

/** What `doctor` knows about a machine. Nothing in it was changed by finding it out. */

/** Something that could not be read, and why. */
export interface Unavailable {
  readonly unavailable: string;
}
export type Observed<T> = T | Unavailable;

/** A failure, as a fault shows it. */
export interface Failure {
  readonly text: string;
  readonly hint: string;
}

/** The part of the settings that the checks need. */
export interface DaemonSettings {
  readonly root: string;
  readonly address: string;
  readonly driver: string;
  readonly remapIds: boolean;
  readonly stageLayers: boolean;
  /** the option `userxattr` is in `overlay.mount_options` */
  readonly userxattr: boolean;
  /** containerd's own socket, if its events are recorded */
  readonly containerdEvents: string | null;
  /** null: nothing is retained */
  readonly retention: { readonly minFree: MinFree; readonly maxBytes: number } | null;
}
export type MinFree = { readonly fraction: number } | { readonly bytes: number };

/** A process as /proc shows it. */
export interface ProcessFacts {
  readonly pid: number;
  readonly args: readonly string[];
  /** its mount namespace is not that of process 1; undefined if that can't be read */
  readonly ownMounts: boolean | undefined;
  /** whether its user namespace is the initial one: its uid map is the whole range */
  readonly initialUsers: boolean;
  /** CAP_SYS_ADMIN is effective */
  readonly mayMount: boolean;
  /** soft limit of open files */
  readonly openFiles: number;
  /** the least `pids.max` of its control groups; undefined if none is set */
  readonly tasks: number | undefined;
  /** of SELinux or AppArmor: `docker-default (enforce)`; empty if there is none */
  readonly label: string;
  /** device and inode of the root as this process sees it; undefined if there is nothing */
  readonly root: string | undefined;
}

export interface RootFacts {
  /** the file system of the root, or of its nearest existing parent */
  readonly mount: MountFacts;
  /** of ext4; undefined on others */
  readonly journal: boolean | undefined;
  readonly space: DiskSpace;
  /** SELinux label; empty if there is none */
  readonly label: string;
}

export interface MountFacts {
  readonly point: string;
  readonly type: string;
  readonly options: readonly string[];
}

/** A unit of systemd with its drop-ins. Values of a key are in order; an empty one has cleared those before. */
export interface UnitFacts {
  readonly name: string;
  readonly files: readonly string[];
  /** files of it that could not be read, as a drop-in with credentials by a user that is not root */
  readonly unreadable: readonly string[];
  /** by `Section.Key` */
  readonly values: Readonly<Record<string, readonly string[]>>;
  /** a link of a target wants or requires it */
  readonly enabled: boolean;
}

/** A version of containerd. */
export interface Release {
  /** as it prints it: `1.6.20~ds1`, `v2.3.4` */
  readonly text: string;
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
}

/** One file of containerd's configuration. */
export interface ContainerdFile {
  readonly path: string;
  readonly tables: Readonly<Record<string, unknown>>;
}

export interface ContainerdFiles {
  /** the first one, whether it exists or not */
  readonly main: string;
  /** in the order in which containerd reads them */
  readonly files: readonly ContainerdFile[];
  /** files that can't be read or parsed */
  readonly failures: readonly Failure[];
  /** files of the usual folder for drop-ins that no `imports` names */
  readonly ignored: readonly ContainerdFile[];
}

export interface DoctorFacts {
  /** of this command */
  readonly version: string;
  readonly settings: DaemonSettings;
  readonly settingsFile: string;
  readonly settingsFailure: Failure | undefined;
  readonly self: Observed<ProcessFacts>;
  readonly kernel: Observed<{
    readonly release: string;
    readonly fileSystems: readonly string[];
    readonly idMappedLayers: boolean;
  }>;
  readonly commands: readonly { readonly name: string; readonly found: boolean }[];
  readonly root: Observed<RootFacts>;
  /** the store of the root; its newest event in nanoseconds since 1970. Undefined if there is none */
  readonly store: Observed<
    | {
        readonly driver: string | undefined;
        readonly newest?: bigint | undefined;
        readonly failure?: Failure | undefined;
      }
    | undefined
  >;
  /** what a start checks, done; undefined if it passed */
  readonly trial: Observed<Failure | undefined>;
  /** the process that holds the root's lock, and what it answers; undefined if there is none */
  readonly daemon: Observed<
    | {
        readonly process: ProcessFacts;
        readonly address: string;
        /** undefined if its HTTP socket does not answer */
        readonly ready: { readonly status: number; readonly text: string } | undefined;
        readonly version: string | undefined;
      }
    | undefined
  >;
  readonly clock: Observed<{ readonly synchronized: boolean; readonly now: bigint }>;
  readonly selinux: 'enforcing' | 'permissive' | undefined;
  readonly units: { readonly snapledger: UnitFacts | undefined; readonly containerd: UnitFacts | undefined };
  /** directories below /run that systemd removes when the unit stops */
  readonly runtimeDirectories: readonly { readonly path: string; readonly unit: string }[];
  readonly containerd: {
    /** undefined if there is no such program */
    readonly version: Observed<Release | undefined>;
    readonly process: Observed<ProcessFacts | undefined>;
    readonly files: ContainerdFiles;
  };
  /** whether a server listens, by the path of its socket */
  readonly sockets: Readonly<Record<string, 'listening' | 'silent' | 'missing' | Unavailable>>;
  /** what the paths are, links followed, by path; for image file systems */
  readonly realPaths: Readonly<Record<string, string | undefined>>;
}
