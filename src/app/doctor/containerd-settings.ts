import type { ContainerdFile } from '../../ports/machine-facts.ts';

type Table = Readonly<Record<string, unknown>>;

/** An entry of `proxy_plugins`. */
export interface ProxyPlugin {
  readonly name: string;
  /** the file that defines it */
  readonly file: string;
  readonly type: string;
  /** path of its socket */
  readonly address: string;
  readonly capabilities: readonly string[];
  /** `exports.root` */
  readonly root: string | undefined;
}

/** What matters to a snapshotter in containerd's configuration, all files merged. */
export interface ContainerdSettings {
  readonly root: string;
  readonly disabled: readonly string[];
  readonly proxies: readonly ProxyPlugin[];
  /** of CRI; undefined if no file sets it, then it is overlayfs */
  readonly criSnapshotter: string | undefined;
  /** of single runtimes of CRI, by their names */
  readonly runtimeSnapshotters: ReadonlyMap<string, string>;
  /** CRI pulls as a client of its own, not by the transfer service */
  readonly criPullsItself: boolean;
  /** snapshotters of the transfer service */
  readonly unpacks: readonly string[];
  readonly maxConcurrentUnpacks: number;
}

const defaultRoot = '/var/lib/containerd';
const transferPlugin = 'io.containerd.transfer.v1.local';
export const oldCri = 'io.containerd.grpc.v1.cri';
const images = 'io.containerd.cri.v1.images';
const runtime = 'io.containerd.cri.v1.runtime';

/**
 * Merges the files as a major release does: a proxy plugin is replaced as a whole; the table of another plugin is replaced by 1.x
 * and merged by 2.x, which replaces its lists. Source: containerd's server/config/config.go.
 */
export function mergeSettings(files: readonly ContainerdFile[], major: number): ContainerdSettings {
  const tables = files.map(({ tables }) => tables);
  const cri = criTables(tables, major);
  const transfers = tables.flatMap((file) => definedTable(pluginOf(file, transferPlugin)));
  const transfer = major < 2 ? tableOf(last(transfers)) : Object.assign({}, ...transfers);
  return {
    root: last(tables.map(({ root }) => textOf(root)).filter((root) => root !== '')) ?? defaultRoot,
    disabled: tables.flatMap((file) => texts(file.disabled_plugins)),
    proxies: [...new Map(files.flatMap(proxiesOf).map((proxy) => [proxy.name, proxy])).values()],
    criSnapshotter: last(cri.flatMap(({ snapshotter }) => texts([snapshotter]))),
    runtimeSnapshotters: runtimeSnapshotters(tables, major),
    criPullsItself: cri.some(pullsItself),
    unpacks: listOf(transfer.unpack_config).map((entry) => textOf(tableOf(entry).snapshotter)),
    maxConcurrentUnpacks: Number(transfer.max_concurrent_unpacks ?? 1),
  };
}

/** Settings with which CRI does not use the transfer service. Source: internal/cri/config/config.go, CheckLocalImagePullConfigs. */
const pullsItself = (images: Table): boolean =>
  ['use_local_image_pull', 'discard_unpacked_layers', 'image_pull_with_sync_fs'].some((key) => images[key] === true) ||
  images.disable_snapshot_annotations === false ||
  Number(images.max_concurrent_downloads ?? 3) !== 3 ||
  ['mirrors', 'configs', 'auths'].some((key) => Object.keys(tableOf(tableOf(images.registry)[key])).length > 0);

function proxiesOf({ path, tables }: ContainerdFile): readonly ProxyPlugin[] {
  return Object.entries(tableOf(tables.proxy_plugins)).map(([name, value]) => {
    const { type, address, capabilities, exports } = tableOf(value);
    const root = textOf(tableOf(exports).root);
    return {
      name,
      file: path,
      type: textOf(type),
      address: textOf(address).replace(/^unix:\/\//, ''),
      capabilities: texts(capabilities),
      root: root === '' ? undefined : root,
    };
  });
}

/**
 * The tables that may hold CRI's snapshotter. 1.x takes the last file's table, by a short name if no file has a version.
 * containerd 2 takes over that of 1.x only from a table that lists runtimes too.
 */
function criTables(files: readonly Table[], major: number): readonly Table[] {
  if (major < 2) {
    const id = fileVersion(files) < 2 ? 'cri' : oldCri;
    const tables = files.flatMap((file) => definedTable(pluginOf(file, id)));
    return tables.slice(-1).map((cri) => tableOf(cri.containerd));
  }
  return files.flatMap((file) => {
    const old = definedTable(tableOf(pluginOf(file, oldCri)).containerd);
    return [...definedTable(pluginOf(file, images)), ...old.filter(({ runtimes }) => runtimes !== undefined)];
  });
}

/**
 * The snapshotters that runtimes of CRI have of their own, since 1.7, by the runtime's name. Source: internal/cri/config/config.go,
 * `Runtime.Snapshotter`, from which 2.x makes `runtime_platforms` of images.
 */
export function runtimeSnapshotters(files: readonly Table[], major: number): ReadonlyMap<string, string> {
  const old = (file: Table) => tableOf(tableOf(pluginOf(file, oldCri)).containerd).runtimes;
  const named =
    major < 2
      ? criTables(files, major).map(({ runtimes }) => runtimes)
      : files.flatMap((file) => [
          old(file),
          tableOf(tableOf(pluginOf(file, runtime)).containerd).runtimes,
          tableOf(pluginOf(file, images)).runtime_platforms,
        ]);
  const all = named.flatMap((runtimes) => Object.entries(tableOf(runtimes)));
  const own = all.map(([name, value]) => [name, textOf(tableOf(value).snapshotter)] as const);
  return new Map(own.filter(([, snapshotter]) => snapshotter !== ''));
}

/** The version that 1.x reads all files in: the last that is given. */
const fileVersion = (files: readonly Table[]): number =>
  last(files.map(({ version }) => Number(version ?? 0)).filter((version) => version > 0)) ?? 1;

/** Whether a file sets CRI's snapshotter for 1.x in a way that containerd 2 does not take over. */
export const losesSnapshotter = ({ tables }: ContainerdFile): boolean => {
  const { snapshotter, runtimes } = tableOf(tableOf(pluginOf(tables, oldCri)).containerd);
  return (
    snapshotter !== undefined && runtimes === undefined && textOf(tableOf(pluginOf(tables, images)).snapshotter) === ''
  );
};

const pluginOf = (file: Table, id: string) => tableOf(file.plugins)[id];
const tableOf = (value: unknown): Table =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Table) : {};
const definedTable = (value: unknown): readonly Table[] => (value === undefined ? [] : [tableOf(value)]);
const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const textOf = (value: unknown): string => (value === undefined ? '' : String(value));
const texts = (value: unknown): readonly string[] => listOf(value).filter((one) => typeof one === 'string');
const last = <T>(values: readonly T[]): T | undefined => values.at(-1);
