import type { DoctorFacts, UnitFacts } from '../../ports/machine-facts.ts';
import { type Check, error, type Finding, found, isOff, isUnavailable, type Result, warning } from './check.ts';

const last = (unit: UnitFacts, key: string) => unit.values[`Service.${key}`]?.at(-1) ?? '';
const words = (unit: UnitFacts, key: string) =>
  (unit.values[key] ?? []).flatMap((value) => value.split(/\s+/)).filter(Boolean);

const filesOf = ({ files, unreadable }: UnitFacts) =>
  files.map((file) => (unreadable.includes(file) ? `${file} (not readable)` : file)).join(', ');

/** Settings that give a unit a mount namespace of its own. Source: systemd.exec(5). */
const isolating = [
  'PrivateMounts',
  'MountFlags',
  'PrivateTmp',
  'PrivateDevices',
  'ProtectSystem',
  'ProtectHome',
  'ProtectControlGroups',
  'ProtectKernelTunables',
  'ReadOnlyPaths',
  'InaccessiblePaths',
  'TemporaryFileSystem',
  'BindPaths',
  'RootDirectory',
  'RootImage',
] as const;

/** Values of `MountFlags=` that keep mounts shared with the host. */
const isShared = (key: string, value: string) => key === 'MountFlags' && value === 'shared';

const isolationOf = (unit: UnitFacts) =>
  isolating
    .map((key) => ({ key, value: last(unit, key) }))
    .filter(({ key, value }) => !isOff(value) && !isShared(key, value))
    .map(({ key, value }) => `${key}=${value}`);

const edit = (unit: UnitFacts) => `remove it (systemctl edit --full ${unit.name}), then restart the unit`;

export const unit: Check = {
  name: 'unit',
  about:
    "snapledger's unit: settings that take privileges, the root or the host's mounts from the daemon, and whether it starts at boot",
  run: ({ units: { snapledger: unit }, settings: { root } }) => {
    if (unit === undefined) return noUnit('snapledger.service');
    return {
      inspected: `${filesOf(unit)}${unit.enabled ? '' : ', not enabled'}`,
      findings: found(
        ...forbidding(unit).map((setting) =>
          error(`${unit.name} has ${setting}: the daemon can't mount or write there`, edit(unit)),
        ),
        isProtected(unit, root) &&
          error(
            `${unit.name} has ProtectSystem=${last(unit, 'ProtectSystem')}: the root ${root} is read-only for the daemon`,
            `remove it, or add ReadWritePaths=${root}`,
          ),
        ...isolated(unit, 'a disk that is mounted at the root later is not seen by the daemon as by containerd'),
        !unit.enabled &&
          warning(
            `${unit.name} is not enabled: after a boot containerd runs without it`,
            `systemctl enable ${unit.name}`,
          ),
        words(unit, 'Service.RestartPreventExitStatus').length === 0 &&
          isOff(last(unit, 'Restart')) &&
          warning(
            `${unit.name} is not restarted after a failure`,
            'set Restart=on-failure, as in the unit file of the package',
          ),
      ),
    };
  },
};

/** Settings with which no daemon can work. */
function forbidding(unit: UnitFacts): readonly string[] {
  const user = last(unit, 'User');
  const bounding = words(unit, 'Service.CapabilityBoundingSet');
  const denied = bounding[0]?.startsWith('~')
    ? bounding.join(' ').includes('CAP_SYS_ADMIN')
    : bounding.length > 0 && !bounding.includes('CAP_SYS_ADMIN');
  const filter = words(unit, 'Service.SystemCallFilter').join(' ');
  return [
    ...['PrivateUsers', 'DynamicUser', 'RestrictNamespaces']
      .filter((key) => !isOff(last(unit, key)))
      .map((key) => `${key}=${last(unit, key)}`),
    ...(['', 'root', '0'].includes(user) ? [] : [`User=${user}`]),
    ...(denied ? [`CapabilityBoundingSet=${bounding.join(' ')}`] : []),
    ...(/^~.*@mount/.test(filter) ? [`SystemCallFilter=${filter}`] : []),
  ];
}

/** Whether ProtectSystem= makes the root read-only. Source: systemd.exec(5). */
function isProtected(unit: UnitFacts, root: string): boolean {
  const covered = { strict: ['/'], full: ['/usr/', '/boot/', '/etc/'], true: ['/usr/', '/boot/'] };
  const value = last(unit, 'ProtectSystem').replace(/^(?:yes|on|1)$/, 'true') as keyof typeof covered;
  const writable = words(unit, 'Service.ReadWritePaths').map((path) => path.replace(/^[-+]+/, ''));
  const isIn = (path: string) => `${root}/`.startsWith(path.endsWith('/') ? path : `${path}/`);
  return (covered[value] ?? []).some(isIn) && !writable.some(isIn);
}

function isolated(unit: UnitFacts, effect: string): readonly Finding[] {
  const settings = isolationOf(unit);
  if (settings.length === 0) return [];
  return [warning(`${unit.name} has ${settings.join(', ')}, and so mounts of its own: ${effect}`, edit(unit))];
}

const noUnit = (name: string): Result => ({ unavailable: `there is no ${name} in the directories of systemd` });

export const containerdUnit: Check = {
  name: 'containerd unit',
  about: "containerd's unit: order after snapledger's, settings that keep mounts from the host, open files",
  run: ({ units: { snapledger, containerd } }) => {
    if (containerd === undefined) return noUnit('containerd.service');
    const ordered =
      words(containerd, 'Unit.After').includes('snapledger.service') ||
      (snapledger !== undefined && words(snapledger, 'Unit.Before').includes(containerd.name));
    const wanted = ['Wants', 'Requires', 'BindsTo', 'Upholds'].some((key) =>
      words(containerd, `Unit.${key}`).includes('snapledger.service'),
    );
    const addition = 'systemctl edit containerd: [Unit], Wants=snapledger.service, After=snapledger.service';
    const limit = last(containerd, 'LimitNOFILE');
    return {
      inspected: filesOf(containerd),
      findings: found(
        !ordered &&
          warning(
            `${containerd.name} is not ordered after snapledger.service: it may start first, and fail pulls and containers`,
            addition,
          ),
        !wanted &&
          snapledger?.enabled !== true &&
          warning(`nothing starts snapledger.service together with ${containerd.name}`, addition),
        ...isolated(
          containerd,
          "the host and other clients don't see what containerd mounts, nor it their later mounts",
        ),
        limit === '' &&
          warning(
            `${containerd.name} sets no LimitNOFILE=: 1024 open files are few for containerd`,
            'systemctl edit containerd: [Service], LimitNOFILE=infinity',
          ),
      ),
    };
  },
};

export const mounts: Check = {
  name: 'mounts',
  about: 'whether daemon and containerd see the same directory as root, in their mount namespaces',
  run: ({ daemon, containerd: { process }, settings: { root } }: DoctorFacts) => {
    if (isUnavailable(daemon)) return daemon;
    if (isUnavailable(process)) return process;
    if (daemon === undefined || process === undefined)
      return { unavailable: 'daemon and containerd have to run for it' };
    const own = [daemon.process.ownMounts === true ? 'the daemon' : '', process.ownMounts === true ? 'containerd' : ''];
    const named = own.filter(Boolean).join(' and ');
    return {
      inspected: `${root}, as daemon and containerd see it${named === '' ? '' : `, ${named} in a mount namespace of its own`}`,
      findings: found(
        daemon.process.root !== process.root &&
          error(
            `containerd (pid ${process.pid}) does not see the daemon's directory at ${root}: its mounts would be empty or fail`,
            "remove what isolates the units (PrivateMounts=, PrivateTmp=), mount the root's disk in the host, and restart both",
          ),
      ),
    };
  },
};
