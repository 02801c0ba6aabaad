import type { Settings } from './settings.ts';

/** Where CRI of containerd before 1.7.16 looks for the image file system of the snapshotter `snapledger`, below containerd's root. */
export const imageFsPath = (containerdRoot: string): string =>
  `${containerdRoot}/io.containerd.snapshotter.v1.snapledger`;

/** Everything that an operator can set, decoded and complete. Paths are absolute and normalised. */
export interface Config {
  readonly root: string;
  /** a start on a root without a store fails instead of making one */
  readonly existing: boolean;
  /** the node's name in the log; null: the host's name */
  readonly node: string | null;
  /** unix socket that containerd dials */
  readonly address: string;
  /** unix socket of metrics, health, events and reconcile */
  readonly httpAddress: string;
  readonly http: HttpConfig;
  readonly driver: DriverName;
  readonly durability: 'commit' | 'background';
  readonly removal: 'background' | 'sync';
  readonly viewsNeedParent: boolean;
  /** a manifest is kept of each committed layer, for `verify --deep` */
  readonly manifests: boolean;
  readonly overlay: OverlayConfig;
  readonly log: LogConfig;
  readonly forward: ForwardConfig;
  readonly checkpoint: CheckpointConfig;
  /** null: removed layers are purged at once */
  readonly retention: RetentionConfig | null;
  /** containerd's own socket, where its events are listened to; null: they are not */
  readonly containerdEvents: string | null;
  /** the link by which CRI of containerd before 1.7.16 finds the image file system; null: the operator makes it */
  readonly imageFsLink: string | null;
  /** milliseconds that calls under way get to end at a stop */
  readonly drainTimeout: number;
  readonly logLevel: LogLevel;
}

export type DriverName = 'overlay' | 'btrfs' | 'memory';
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** HTTP on loopback TCP, beside the unix socket. */
export interface HttpConfig {
  /** null for off */
  readonly listen: { readonly host: string; readonly port: number } | null;
  /** the file with the bearer token, which loopback TCP needs */
  readonly tokenFile: string | null;
  /** whether the console is served there, and whether it offers changes */
  readonly console: 'off' | 'read-only' | 'full';
}

export interface OverlayConfig {
  /** added to every overlay mount */
  readonly mountOptions: readonly string[];
  /** show an active's upper directory as a label */
  readonly upperdirLabel: boolean;
  /** containerd may change owners in a copy of an image if the ids are not mapped by mounts */
  readonly slowChown: boolean;
  readonly remapIds: boolean;
  /** layers that are here under another parent are copied, not unpacked again */
  readonly stageLayers: boolean;
}

export interface LogConfig {
  /** connection string of the cluster that keeps the log; without one it is kept in the root */
  readonly url?: string;
  /** a segment that reaches this size is followed by a new one */
  readonly segmentBytes: number;
  /** room kept back for what frees space */
  readonly reserveBytes: number;
  /** segments before the newest checkpoint are compressed by the daemon */
  readonly archive: boolean;
}

export interface ForwardConfig {
  /** connection string of the cluster that the log is forwarded to, if any */
  readonly url?: string;
  /** patterns of the labels that are left out of what is sent */
  readonly omitLabels: readonly string[];
}

export interface CheckpointConfig {
  /** events between two checkpoints */
  readonly every: number;
}

export interface RetentionConfig {
  /** milliseconds that a removed layer is kept, as long as the machine runs */
  readonly keep: number;
  /** how many are kept at most */
  readonly maxSnapshots: number;
  /** bytes of all that is kept together */
  readonly maxBytes: number;
  /** what the file system must have free before anything is kept */
  readonly minFree: { readonly fraction: number } | { readonly bytes: number };
  /** namespaces whose pulls fetch every layer, retained or not */
  readonly neverAdopt: readonly string[];
}

const MiB = 1024 * 1024;

/** Settings with every gap filled by the default. Later ones win, key by key. */
export function complete(...layers: readonly Settings[]): Config {
  const { http, overlay, log, forward, checkpoint, retention, containerd, ...top } = layers.reduce(merged, {});
  const address = top.address ?? '/run/snapledger/snapledger.sock';
  return {
    root: top.root ?? '/var/lib/snapledger',
    existing: top.existing ?? false,
    node: top.node ?? null,
    address,
    httpAddress: top.http_address ?? httpBeside(address),
    http: { listen: http?.listen ?? null, tokenFile: http?.token_file ?? null, console: http?.console ?? 'read-only' },
    driver: top.driver ?? 'overlay',
    durability: top.durability ?? 'commit',
    removal: top.removal ?? 'background',
    viewsNeedParent: top.views_need_parent ?? false,
    manifests: top.manifests ?? false,
    overlay: {
      mountOptions: overlay?.mount_options ?? [],
      upperdirLabel: overlay?.upperdir_label ?? false,
      slowChown: overlay?.slow_chown ?? true,
      remapIds: overlay?.remap_ids ?? false,
      stageLayers: overlay?.stage_layers ?? false,
    },
    log: {
      ...(log?.url !== undefined && { url: log.url }),
      segmentBytes: log?.segment_bytes ?? 16 * MiB,
      reserveBytes: log?.reserve_bytes ?? MiB,
      archive: log?.archive ?? true,
    },
    forward: { ...(forward?.url !== undefined && { url: forward.url }), omitLabels: forward?.omit_labels ?? [] },
    checkpoint: { every: checkpoint?.every ?? 50_000 },
    retention: retained(retention),
    containerdEvents: containerd?.events === true ? (containerd.address ?? '/run/containerd/containerd.sock') : null,
    imageFsLink: containerd?.image_fs_link === undefined ? null : imageFsPath(containerd.image_fs_link),
    drainTimeout: top.drain_timeout ?? 10_000,
    logLevel: top.log_level ?? 'info',
  };
}

function retained(settings: Settings['retention']): Config['retention'] {
  if (settings?.enabled === false) return null;
  return {
    keep: settings?.keep ?? 24 * 3_600_000,
    maxSnapshots: settings?.max_snapshots ?? 2000,
    maxBytes: settings?.max_bytes ?? 10 * 1024 * MiB,
    minFree: settings?.min_free ?? { fraction: 0.2 },
    neverAdopt: settings?.never_adopt ?? ['moby'],
  };
}

/** `x.sock` has its HTTP twin at `x.http.sock`. */
const httpBeside = (address: string) => `${address.replace(/\.sock$/, '')}.http.sock`;

function merged(below: Settings, above: Settings): Settings {
  return {
    ...below,
    ...above,
    http: { ...below.http, ...above.http },
    overlay: { ...below.overlay, ...above.overlay },
    log: { ...below.log, ...above.log },
    forward: { ...below.forward, ...above.forward },
    checkpoint: { ...below.checkpoint, ...above.checkpoint },
    retention: { ...below.retention, ...above.retention },
    containerd: { ...below.containerd, ...above.containerd },
  };
}
