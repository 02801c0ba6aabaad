import { stringify } from 'smol-toml';
import { runtimeSnapshotters } from '../../app/doctor/containerd-settings.ts';
import { type Config, imageFsPath } from '../config.ts';
import { table } from './main-file.ts';

/** The numbers of a version of containerd, two or three. */
export type Version = readonly number[];

export interface DropInOptions {
  /** undefined: unknown, the file has to work with every version */
  readonly version: Version | undefined;
  /** the version as text, and where it is from, for the comment */
  readonly origin: string;
  /** make snapledger the default snapshotter for Kubernetes */
  readonly cri: boolean;
  /** snapledger has taken over the root of containerd's own overlay snapshotter: that is disabled, and CRI uses snapledger */
  readonly takeover?: boolean;
  /** the daemon runs in a user namespace */
  readonly userNamespace: boolean;
  /** the tables of containerd's main file, with the plugins of its imports; undefined if there is none */
  readonly main: Readonly<Record<string, unknown>> | undefined;
}

const criBefore2 = 'io.containerd.grpc.v1.cri';
const transfer = 'io.containerd.transfer.v1.local';

/** The numbers of a version as containerd prints it: `1.6.20~ds1`, `v2.3.4`. Undefined if it has not at least two. */
export function parseVersion(text: string): Version | undefined {
  const [, ...numbers] = /^v?(\d+)\.(\d+)(?:\.(\d+))?(?!\d)/.exec(text) ?? [];
  return numbers.length === 0 ? undefined : numbers.filter((number) => number !== undefined).map(Number);
}

/**
 * A file that containerd's main file imports, as TOML with comments. It has no `version` line: containerd then reads it in the
 * main file's version, while another version fails (2.3) or stops the main file's migration (2.0 to 2.2).
 */
export function dropIn(config: Config, given: DropInOptions): string {
  const options = { ...given, cri: given.cri || (given.takeover === true && !disablesCri(given)) };
  const tables = {
    // Every version adds this list of a drop-in to the main file's.
    ...(options.takeover === true && { disabled_plugins: [overlayfsPlugin(options)] }),
    proxy_plugins: { snapledger: proxy(config, options) },
    plugins: plugins(options),
  };
  return `${[...comments(config, options).map((line) => `# ${line}`), '', stringify(tables).trim()].join('\n')}\n`;
}

const disablesCri = ({ main }: DropInOptions): boolean =>
  Array.isArray(main?.disabled_plugins) &&
  main.disabled_plugins.some((name) => name === 'cri' || name === criBefore2 || name === 'io.containerd.cri.v1.images');

function proxy(config: Config, options: DropInOptions) {
  const { root, address, driver, overlay } = config;
  const remaps = driver === 'overlay' && overlay.remapIds && isFrom(options, 2, 0);
  const refuses = !remaps && !overlay.slowChown && isFrom(options, 2, 0);
  const capabilities = [
    ...(remaps ? ['remap-ids'] : []),
    ...(refuses ? ['only-remap-ids'] : []),
    ...(rebases(config, options) ? ['rebase'] : []),
  ];
  return { type: 'snapshot', address, ...(capabilities.length > 0 && { capabilities }), exports: { root } };
}

function plugins(options: DropInOptions): Readonly<Record<string, unknown>> {
  const { cri } = options;
  const before2 = criKey(options);
  const own = carried(options, before2);
  return {
    ...(isFrom(options, 1, 7) && { [transfer]: unpacking(options) }),
    ...(cri && isBefore2(options) && { [before2]: { ...own, containerd: { ...table(own.containerd), snapshotter } } }),
    ...(cri && isFrom(options, 2, 0) && { 'io.containerd.cri.v1.images': { snapshotter } }),
  };
}

const snapshotter = 'snapledger';

/** The transfer service unpacks only for the listed snapshotters, and a list replaces both its default and the main file's. */
function unpacking(options: DropInOptions) {
  const main = carried(options, transfer);
  const platform = 'linux';
  const differ = 'walking';
  const listed = Array.isArray(main.unpack_config) ? main.unpack_config : undefined;
  const erofs = { platform: 'linux(+erofs)', snapshotter: 'erofs', differ: 'erofs', optional: true };
  const usual = [
    { platform, snapshotter: 'overlayfs', differ },
    ...(options.version !== undefined && isFrom(options, 2, 3) ? [erofs] : []),
  ];
  // The service fails to start with a snapshotter that is disabled.
  const gone = options.takeover === true ? [snapshotter, 'overlayfs'] : [snapshotter];
  const others = (listed ?? usual).filter((entry) => !gone.includes(String(table(entry).snapshotter)));
  return {
    ...(isBefore2(options) && main),
    unpack_config: [...others, { platform, snapshotter, differ }],
  };
}

function comments(config: Config, options: DropInOptions): readonly string[] {
  const { version, origin, cri, takeover = false } = options;
  const noCri = cri && disablesCri(options);
  const remaps = config.driver === 'overlay' && config.overlay.remapIds && isBefore2(options);
  return [
    `For containerd ${origin}. The main file has to import this file.`,
    'It has no `version`: containerd reads it in the version of the main file.',
    ...(rebases(config, options) && Number(carried(options, transfer).max_concurrent_unpacks ?? 1) < 2
      ? [
          `With \`max_concurrent_unpacks = 4\` in the main file's [plugins."${transfer}"], the layers of an image are unpacked`,
          'at the same time. A pull then adopts only retained base layers.',
        ]
      : []),
    ...(takeover
      ? [
          "containerd's own overlayfs is disabled: its root is snapledger's. Clients that name no snapshotter need",
          '`CONTAINERD_SNAPSHOTTER=snapledger` (ctr, nerdctl).',
        ]
      : []),
    ...(cri ? runtimesOf(options) : []),
    ...(noCri ? ['The main file disables CRI: remove it from `disabled_plugins` there.'] : []),
    ...(remaps ? ['`overlay.remap_ids` needs containerd 2.0: containers with mapped ids do not start on 1.x.'] : []),
    ...(config.overlay.stageLayers && (version === undefined || isBefore(version, [2, 4]))
      ? ['`overlay.stage_layers` needs containerd 2.4: earlier versions fail to unpack such layers.']
      : []),
    ...(cri && isBefore2(options) ? repeated(options) : []),
    ...(cri && (version === undefined || isBefore(version, [1, 7, 16])) ? imageFs(config) : []),
  ];
}

/** Runtimes of CRI that have a snapshotter of their own, which a drop-in can't take back. */
function runtimesOf(options: DropInOptions): readonly string[] {
  const { main, takeover = false } = options;
  if (main === undefined || !isFrom(options, 1, 7)) return [];
  const named = [...runtimeSnapshotters([main], Number(main.version ?? 1) < 3 && isBefore2(options) ? 1 : 2)].filter(
    ([, name]) => name !== snapshotter,
  );
  return named.map(([runtime, name]) =>
    takeover && name === 'overlayfs'
      ? `CRI's runtime ${runtime} has the snapshotter overlayfs, which is disabled: remove it from the runtime's table, or its pods do not start.`
      : `CRI's runtime ${runtime} has the snapshotter ${name}: its pods do not use snapledger until it is removed from the runtime's table.`,
  );
}

/** containerd 1.x takes each plugin's table from the last file that has it. */
function repeated(options: DropInOptions): readonly string[] {
  const key = criKey(options);
  if (Object.keys(carried(options, key)).length === 0) return [];
  return [
    `containerd 1.x replaces the whole table ${key}, so this file repeats that of the main file`,
    'and its imports. Create it again after a change there.',
  ];
}

/** containerd before 1.7.16 does not use `exports`: its CRI looks for the image file system below containerd's own root. */
function imageFs({ root, imageFsLink }: Config): readonly string[] {
  const by =
    imageFsLink === null
      ? 'Create it, or let `serve` do so: containerd.image_fs_link = "/var/lib/containerd"'
      : '`serve` creates it, as containerd.image_fs_link is set:';
  return [
    'Before containerd 1.7.16 kubelet neither collects images nor evicts pods without a link to the image file system.',
    by,
    `  ln -sfnT ${shellWord(root)} ${shellWord(imageFsLink ?? imageFsPath('/var/lib/containerd'))}`,
  ];
}

/** containerd 1.x names plugins by a short name in a file without version. */
const criKey = ({ main }: DropInOptions) => (main !== undefined && Number(main.version ?? 1) < 2 ? 'cri' : criBefore2);

const overlayfsPlugin = ({ main }: DropInOptions) =>
  main !== undefined && Number(main.version ?? 1) < 2 ? 'overlayfs' : 'io.containerd.snapshotter.v1.overlayfs';

/** What the main file sets for a plugin; a drop-in that has the plugin's table would hide it from containerd 1.x. */
const carried = ({ main }: DropInOptions, key: string) => table(table(main?.plugins)[key]);

/**
 * Whether layers are to get their parent at the commit: with btrfs that costs a copy while containerd waits, and overlay's whiteouts
 * can't be created in a user namespace.
 */
const rebases = ({ driver, overlay }: Config, options: DropInOptions) =>
  driver === 'overlay' &&
  isFrom(options, 2, 2) &&
  !options.userNamespace &&
  !overlay.mountOptions.includes('userxattr');

const isFrom = ({ version }: DropInOptions, ...least: readonly number[]) =>
  version === undefined || !isBefore(version, least);

export const isBefore2 = ({ version }: Pick<DropInOptions, 'version'>) =>
  version === undefined || isBefore(version, [2]);

function isBefore(version: Version, other: Version): boolean {
  const different = other.findIndex((number, index) => number !== (version[index] ?? 0));
  return different !== -1 && (version[different] ?? 0) < (other[different] ?? 0);
}

const shellWord = (text: string) => (/^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);
