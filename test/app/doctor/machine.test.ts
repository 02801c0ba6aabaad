import { suite } from 'uvu';
import type { DoctorFacts } from '../../../src/ports/machine-facts.ts';
import { expectFindings } from './expect-findings.ts';
import { healthy, machine, withDaemonProcess, withRoot, withSettings, withUnit } from './healthy.ts';

const test = suite('doctor: machine');

expectFindings(test, [
  [
    'settings: an unknown key',
    machine({ settingsFailure: { text: 'config.toml: adress: unknown key', hint: 'correct it' } }),
    'settings',
    'error',
    'config.toml: adress: unknown key',
  ],
  [
    'privileges: an unprivileged container',
    withDaemonProcess({ mayMount: false }),
    'privileges',
    'error',
    'the daemon lacks CAP_SYS_ADMIN',
  ],
  [
    'privileges: an unprivileged installer',
    machine({ daemon: undefined, self: { ...(healthy.self as object), mayMount: false } as DoctorFacts['self'] }),
    'privileges',
    'error',
    'this command lacks CAP_SYS_ADMIN',
  ],
  [
    'privileges: a user namespace',
    withDaemonProcess({ initialUsers: false }),
    'privileges',
    'warning',
    'the daemon is in a user namespace',
  ],
  [
    'kernel: a missing module',
    machine({ kernel: { release: '6.1.0', fileSystems: ['ext4'], idMappedLayers: true } }),
    'kernel',
    'error',
    'the kernel does not know the file system overlay',
  ],
  [
    'kernel: no id-mapped layers',
    withSettings(
      { remapIds: true },
      { kernel: { release: '5.10.0', fileSystems: ['overlay'], idMappedLayers: false } },
    ),
    'kernel',
    'error',
    'overlay.remap_ids is set, but id-mapped layers are not supported here',
  ],
  [
    'kernel: a missing command',
    machine({ commands: [{ name: 'chattr', found: false }] }),
    'kernel',
    'warning',
    'missing commands: chattr',
  ],
  [
    'clock: not synchronised',
    machine({ clock: { synchronized: false, now: 1_800_000_000_000_000_000n } }),
    'clock',
    'warning',
    'the kernel does not know the clock as synchronised',
  ],
  [
    'clock: set back',
    machine({ clock: { synchronized: true, now: 1_799_999_000_000_000_000n } }),
    'clock',
    'warning',
    'the newest event of the log is 1000 s in the future: the clock was set back',
  ],
  [
    'clock: not set',
    machine({ clock: { synchronized: true, now: 0n } }),
    'clock',
    'error',
    'the clock is years behind',
  ],
  [
    'confinement: AppArmor',
    withDaemonProcess({ label: 'docker-default (enforce)' }),
    'confinement',
    'warning',
    'AppArmor confines the daemon by the profile docker-default (enforce)',
  ],
  [
    'confinement: SELinux, domain',
    machine({ ...withDaemonProcess({ label: 'system_u:system_r:container_t:s0:c1,c2' }), selinux: 'enforcing' }),
    'confinement',
    'error',
    'SELinux is enforcing and confines the daemon as a container',
  ],
  [
    'confinement: SELinux, label of the root',
    machine({ ...withRoot({ label: 'system_u:object_r:var_lib_t:s0' }), selinux: 'enforcing' }),
    'confinement',
    'warning',
    'SELinux is enforcing and the root is labelled system_u:object_r:var_lib_t:s0',
  ],
  [
    'limits: open files of the daemon',
    withDaemonProcess({ openFiles: 1024 }),
    'limits',
    'warning',
    'the daemon may open 1024 files',
  ],
  [
    'limits: tasks of the daemon',
    withDaemonProcess({ tasks: 20 }),
    'limits',
    'warning',
    'the daemon may have 20 tasks',
  ],
  [
    'limits: open files of the unit',
    machine({ ...withUnit({ 'Service.LimitNOFILE': [] }), daemon: undefined }),
    'limits',
    'warning',
    'snapledger.service may open 1024 files',
  ],
]);

test.run();
