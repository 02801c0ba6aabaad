import type { DoctorFacts, ProcessFacts } from '../../ports/machine-facts.ts';
import { type Check, error, found, isUnavailable, warning, withFact } from './check.ts';

/** The process whose privileges count: the daemon if it runs, otherwise this command. */
function acting({ daemon, self }: DoctorFacts): { readonly who: string; readonly process: DoctorFacts['self'] } {
  if (!isUnavailable(daemon) && daemon !== undefined) return { who: 'the daemon', process: daemon.process };
  return { who: 'this command', process: self };
}

export const privileges: Check = {
  name: 'privileges',
  about: 'user, CAP_SYS_ADMIN and user namespace of the daemon, or of this command if none runs',
  run: (facts) => {
    const { who, process } = acting(facts);
    return withFact(process, ({ pid, mayMount, initialUsers }) => ({
      inspected: `${who}, pid ${pid}${mayMount ? ', CAP_SYS_ADMIN' : ''}${initialUsers ? '' : ', in a user namespace'}`,
      findings: found(
        !mayMount &&
          error(
            `${who} lacks CAP_SYS_ADMIN, so no layer can be mounted`,
            'run it as root; in a container, run that as privileged (securityContext.privileged: true)',
          ),
        mayMount &&
          !initialUsers &&
          warning(
            `${who} is in a user namespace: containerd can't unpack layers in parallel there, nor leave the mapping of ids to snapledger`,
            "run it in the host's user namespace (hostUsers: true), or leave overlay.remap_ids and the capabilities rebase and remap-ids out",
          ),
      ),
    }));
  },
};

export const kernel: Check = {
  name: 'kernel',
  about: 'release, file systems of the driver, id-mapped layers for `overlay.remap_ids`',
  run: ({ kernel, settings, commands }) =>
    withFact(kernel, ({ release, fileSystems, idMappedLayers }) => {
      const missing = commands.filter((command) => !command.found).map((command) => command.name);
      const known = settings.driver === 'memory' || fileSystems.includes(settings.driver);
      return {
        inspected: `Linux ${release}${idMappedLayers ? ', id-mapped layers' : ''}`,
        findings: found(
          !known &&
            error(
              `the kernel does not know the file system ${settings.driver}, or its module is not loaded`,
              `modprobe ${settings.driver}, at every boot by a file in /etc/modules-load.d`,
            ),
          settings.remapIds &&
            !idMappedLayers &&
            error(
              'overlay.remap_ids is set, but id-mapped layers are not supported here',
              "use Linux 5.19 or later, a root on ext4, xfs or btrfs, and the host's user namespace; or set overlay.remap_ids = false",
            ),
          missing.length > 0 &&
            warning(
              `missing commands: ${missing.join(', ')}`,
              'install them: util-linux (mount, unshare), e2fsprogs (chattr), attr (getfattr, setfattr) and tar',
            ),
        ),
      };
    }),
};

/** Fewer are few for a busy daemon; the unit file of the package has more. */
const leastOpenFiles = 16_384;
const leastTasks = 512;

export const limits: Check = {
  name: 'limits',
  about: 'open files and tasks of the running daemon, otherwise of its unit',
  run: ({ daemon, units: { snapledger: unit } }) => {
    if (!isUnavailable(daemon) && daemon !== undefined) return limitsOf('the daemon', daemon.process);
    if (unit === undefined)
      return isUnavailable(daemon) ? daemon : { unavailable: 'no daemon runs, and there is no unit' };
    const value = (key: string) => limitOf(unit.values[`Service.${key}`]?.at(-1));
    return limitsOf(unit.name, { openFiles: value('LimitNOFILE') ?? 1024, tasks: value('TasksMax') });
  },
};

/** A limit of a unit: the soft one of `soft:hard`; undefined if it is not set or relative. */
function limitOf(text: string | undefined): number | undefined {
  if (text === undefined || text === '' || text.endsWith('%')) return undefined;
  return text.startsWith('infinity') ? Number.POSITIVE_INFINITY : Number.parseInt(text, 10);
}

function limitsOf(who: string, { openFiles, tasks }: Pick<ProcessFacts, 'openFiles' | 'tasks'>) {
  const shown = (limit: number | undefined) =>
    limit === undefined || limit === Infinity ? 'unlimited' : String(limit);
  return {
    inspected: `${who}: ${shown(openFiles)} open files, ${shown(tasks)} tasks`,
    findings: found(
      openFiles < leastOpenFiles &&
        warning(
          `${who} may open ${openFiles} files: with many clients or layers calls fail with ResourceExhausted`,
          `set LimitNOFILE=65536 in the unit (systemctl edit snapledger), then restart the daemon`,
        ),
      tasks !== undefined &&
        tasks < leastTasks &&
        warning(
          `${who} may have ${tasks} tasks: threads and commands may fail to start`,
          `set TasksMax=${leastTasks} or more in the unit (systemctl edit snapledger), then restart the daemon`,
        ),
    ),
  };
}

const minute = 60_000_000_000n;
/** The first event that any release can have written. */
const earliest = BigInt(Date.UTC(2026, 10, 1)) * 1_000_000n;

export const clock: Check = {
  name: 'clock',
  about: 'synchronisation by NTP, and whether the newest event of the log lies in the future',
  run: ({ clock, store }) =>
    withFact(clock, ({ synchronized, now }) => {
      const newest = isUnavailable(store) ? undefined : store?.newest;
      const ahead = newest === undefined ? 0n : newest - now;
      return {
        inspected: `${synchronized ? 'synchronised' : 'not synchronised'}${newest === undefined ? '' : ', compared with the newest event of the log'}`,
        findings: found(
          now < earliest &&
            error('the clock is years behind', 'set the clock (chronyc makestep), then start the daemon'),
          now >= earliest &&
            ahead > minute &&
            warning(
              `the newest event of the log is ${ahead / 1_000_000_000n} s in the future: the clock was set back`,
              'correct the clock; until it has passed that moment, use positions instead of times in queries',
            ),
          !synchronized &&
            warning(
              'the kernel does not know the clock as synchronised: it may jump, and times in the log be wrong',
              'run chrony, systemd-timesyncd or another NTP client; a machine without network can ignore this',
            ),
        ),
      };
    }),
};

export const confinement: Check = {
  name: 'confinement',
  about: 'SELinux and AppArmor: mode, label of the root, domain or profile of the daemon and of containerd',
  run: ({ selinux, root, daemon, containerd }) => {
    const processes = [
      { who: 'the daemon', process: isUnavailable(daemon) ? undefined : daemon?.process },
      { who: 'containerd', process: isUnavailable(containerd.process) ? undefined : containerd.process },
    ].flatMap(({ who, process }) => (process === undefined ? [] : [{ who, label: process.label }]));
    const rootLabel = isUnavailable(root) ? '' : root.label;
    const labels = processes.filter(({ label }) => label !== '').map(({ who, label }) => `${who} ${label}`);
    return {
      inspected: [`SELinux ${selinux ?? 'off'}`, ...(rootLabel === '' ? [] : [`root ${rootLabel}`]), ...labels].join(
        ', ',
      ),
      findings: found(
        ...processes.map(({ who, label }) => confined(who, label, selinux)),
        selinux === 'enforcing' &&
          rootLabel !== '' &&
          !/:container_(?:ro_)?(?:file|var_lib)_t(?::|$)/.test(rootLabel) &&
          warning(
            `SELinux is enforcing and the root is labelled ${rootLabel}, not as containerd's layers: containers may be denied their files`,
            'semanage fcontext -a -e /var/lib/containerd ROOT, then restorecon -R ROOT (package container-selinux)',
          ),
      ),
    };
  },
};

/** A label of AppArmor ends with its mode; one of SELinux has at least three parts. */
function confined(who: string, label: string, selinux: DoctorFacts['selinux']) {
  if (/ \(enforce\)$/.test(label))
    return warning(
      `AppArmor confines ${who} by the profile ${label}, which may deny mounts`,
      `run ${who} unconfined (AppArmorProfile=unconfined in the unit; appArmorProfile: Unconfined in a pod)`,
    );
  if (selinux === 'enforcing' && /:container_t(?::|$)/.test(label))
    return error(
      `SELinux is enforcing and confines ${who} as a container: ${label}`,
      `run ${who} in the domain spc_t (privileged pod), or as a unit of the host`,
    );
  return undefined;
}
