import { type Config, imageFsPath } from './config.ts';
import type { Settings } from './settings.ts';

const MiB = 1024 * 1024;

/** Settings with every gap filled by the default. Later ones win, key by key. */
export function complete(...layers: readonly Settings[]): Config {
  const { http, overlay, log, forward, checkpoint, retention, containerd, ...top } = layers.reduce(merged, {});
  const address = top.address ?? '/run/snapledger/snapledger.sock';
  return {
    root: top.root ?? '/var/lib/snapledger',
    existing: top.existing ?? false,
    address,
    httpAddress: top.http_address ?? httpBeside(address),
    http: { listen: http?.listen ?? null, tokenFile: http?.token_file ?? null },
    driver: top.driver ?? 'overlay',
    durability: top.durability ?? 'commit',
    removal: top.removal ?? 'background',
    viewsNeedParent: top.views_need_parent ?? false,
    manifests: top.manifests ?? false,
    overlay: {
      mountOptions: overlay?.mount_options ?? [],
      upperdirLabel: overlay?.upperdir_label ?? false,
      slowChown: overlay?.slow_chown ?? false,
      remapIds: overlay?.remap_ids ?? false,
    },
    log: {
      ...(log?.url !== undefined && { url: log.url }),
      segmentBytes: log?.segment_bytes ?? 16 * MiB,
      reserveBytes: log?.reserve_bytes ?? MiB,
      archive: log?.archive ?? true,
    },
    forward: forward?.url === undefined ? {} : { url: forward.url },
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
