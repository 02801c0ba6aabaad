import type { ContainerdFile, DoctorFacts, ProcessFacts, UnitFacts } from '../../../src/ports/machine-facts.ts';

const process: ProcessFacts = {
  pid: 812,
  args: [],
  ownMounts: false,
  initialUsers: true,
  mayMount: true,
  openFiles: 65_536,
  tasks: undefined,
  label: '',
  root: '64769:2',
};

const address = '/run/snapledger/snapledger.sock';
const root = '/var/lib/snapledger';

/** A file of containerd's configuration with these tables. */
export const containerdFile = (
  tables: ContainerdFile['tables'],
  path = '/etc/containerd/config.toml',
): ContainerdFile => ({
  path,
  tables,
});

/** A proxy plugin as `containerd-config` prints it, with what is different. */
export const proxy = (other: Readonly<Record<string, unknown>> = {}) => ({
  type: 'snapshot',
  address,
  capabilities: ['rebase'],
  exports: { root },
  ...other,
});

const unpackConfig = {
  'io.containerd.transfer.v1.local': { unpack_config: [{ platform: 'linux', snapshotter: 'snapledger' }] },
};

export const unitFacts = (name: string, values: Readonly<Record<string, readonly string[]>>): UnitFacts => ({
  name,
  files: [`/etc/systemd/system/${name}`],
  unreadable: [],
  values,
  enabled: true,
});

/** A machine with nothing wrong: a running daemon and containerd 2.3. */
export const healthy: DoctorFacts = {
  version: '0.1.0',
  settings: {
    root,
    address,
    driver: 'overlay',
    remapIds: false,
    stageLayers: false,
    userxattr: false,
    containerdEvents: null,
    retention: { minFree: { fraction: 0.2 }, maxBytes: 10 * 2 ** 30 },
  },
  settingsFile: '/etc/snapledger/config.toml',
  settingsFailure: undefined,
  self: process,
  kernel: { release: '6.1.0', fileSystems: ['ext4', 'overlay', 'btrfs'], idMappedLayers: true },
  commands: [{ name: 'mount', found: true }],
  root: {
    mount: { point: '/', type: 'ext4', options: ['rw', 'relatime'] },
    journal: true,
    space: { bytes: 50 * 2 ** 30, totalBytes: 100 * 2 ** 30, inodes: 900, totalInodes: 1000 },
    label: '',
  },
  store: { driver: 'overlay', newest: 1_800_000_000_000_000_000n },
  trial: undefined,
  daemon: { process, address, ready: { status: 200, text: 'ready' }, version: '0.1.0' },
  clock: { synchronized: true, now: 1_800_000_000_000_000_000n },
  selinux: undefined,
  units: {
    snapledger: unitFacts('snapledger.service', {
      'Unit.Before': ['containerd.service'],
      'Service.Restart': ['on-failure'],
      'Service.LimitNOFILE': ['65536'],
      'Service.RuntimeDirectory': ['snapledger'],
    }),
    containerd: unitFacts('containerd.service', { 'Service.LimitNOFILE': ['infinity'] }),
  },
  runtimeDirectories: [{ path: '/run/snapledger', unit: 'snapledger.service' }],
  containerd: {
    version: { text: 'v2.3.4', major: 2, minor: 3, patch: 4 },
    process,
    files: {
      main: '/etc/containerd/config.toml',
      files: [containerdFile({ version: 3, proxy_plugins: { snapledger: proxy() }, plugins: unpackConfig })],
      failures: [],
      ignored: [],
    },
  },
  sockets: { [address]: 'listening' },
  realPaths: { [root]: root },
};

/** The healthy machine with parts replaced, one level deep. */
export function machine(change: Partial<DoctorFacts>): DoctorFacts {
  return { ...healthy, ...change };
}

const daemonFacts = healthy.daemon as Exclude<DoctorFacts['daemon'], undefined | { unavailable: string }>;

/** The healthy machine with a daemon that differs. */
export const withDaemon = (change: Partial<typeof daemonFacts>) => machine({ daemon: { ...daemonFacts, ...change } });
export const withDaemonProcess = (change: Partial<ProcessFacts>) => withDaemon({ process: { ...process, ...change } });
export const withSettings = (change: Partial<DoctorFacts['settings']>, more: Partial<DoctorFacts> = {}) =>
  machine({ settings: { ...healthy.settings, ...change }, ...more });
export const withUnits = (change: Partial<DoctorFacts['units']>) => machine({ units: { ...healthy.units, ...change } });
export const withUnit = (values: Readonly<Record<string, readonly string[]>>) =>
  withUnits({ snapledger: unitFacts('snapledger.service', { ...healthy.units.snapledger?.values, ...values }) });
export const withContainerd = (change: Partial<DoctorFacts['containerd']>, more: Partial<DoctorFacts> = {}) =>
  machine({ containerd: { ...healthy.containerd, ...change }, ...more });
export const withRoot = (change: Partial<Exclude<DoctorFacts['root'], { unavailable: string }>>) =>
  machine({ root: { ...(healthy.root as Exclude<DoctorFacts['root'], { unavailable: string }>), ...change } });

function releaseOf(text: string) {
  const [major = 0, minor = 0, patch = 0] = text.split('.').map(Number);
  return { text, major, minor, patch };
}

/** The healthy machine with another configuration of containerd, and another version of it. */
export function configuredBy(tables: ContainerdFile['tables'], version = '2.3.4', more: Partial<DoctorFacts> = {}) {
  return configuredByFiles([containerdFile(tables)], version, more);
}
export function configuredByFiles(
  files: readonly ContainerdFile[],
  version = '2.3.4',
  more: Partial<DoctorFacts> = {},
) {
  return withContainerd(
    {
      version: releaseOf(version),
      files: { ...healthy.containerd.files, files },
    },
    more,
  );
}
