import { accessSync, constants, existsSync, readFileSync, realpathSync } from 'node:fs';
import { release } from 'node:os';
import { join } from 'node:path';
import { readUnit, runtimeDirectories } from '../../adapters/machine/units.ts';
import { createDiskSpaceMeter, hasOrderedMetadata, isOn } from '../../adapters/system/file-system.ts';
import { nativeCalls } from '../../adapters/system/native-calls.ts';
import { runCommand } from '../../adapters/system/run-command.ts';
import { kernelTraits } from '../../adapters/volume-driver/shared/kernel-traits.ts';
import { mountOf } from '../../adapters/volume-driver/shared/mounts.ts';
import { isUnavailable } from '../../app/doctor/check.ts';
import type { DoctorOptions } from '../../cli/cli-deps.ts';
import { type Config, complete } from '../../config/config.ts';
import { defaultFile, loadConfig } from '../../config/load-config.ts';
import { version } from '../../config/version.ts';
import type { DoctorFacts, Failure, RootFacts } from '../../ports/machine-facts.ts';
import { containerdFacts } from './containerd.ts';
import { factsOf, failureOf, nearestExisting, observe } from './observe.ts';
import { runningDaemon, storeFacts, tryDriver } from './store.ts';

/** Inspects this machine. A fact that is not known has the reason instead. */
export async function doctorFacts(options: DoctorOptions): Promise<DoctorFacts> {
  const { config, failure } = load(options);
  const { root, overlay } = config;
  const units = { snapledger: readUnit('snapledger.service'), containerd: readUnit('containerd.service') };
  const daemon = await observe(() => runningDaemon(root));
  return {
    version: version(),
    settings: {
      ...config,
      remapIds: config.driver === 'overlay' && overlay.remapIds,
      stageLayers: overlay.stageLayers,
      userxattr: overlay.mountOptions.includes('userxattr'),
    },
    settingsFile: options.config ?? (existsSync(defaultFile) ? defaultFile : 'none, the defaults'),
    settingsFailure: failure,
    self: await observe(() => factsOf(process.pid, root)),
    kernel: await observe(() => kernelFacts(root)),
    commands: ['mount', 'unshare', 'chattr', 'getfattr', 'setfattr', 'tar'].map((name) => ({
      name,
      found: isCommand(name),
    })),
    root: await observe(() => rootFacts(root)),
    store: await observe(() => storeFacts(root)),
    trial: isUnavailable(daemon) ? daemon : await observe(() => tryDriver(config, daemon !== undefined)),
    daemon,
    clock: await observe(() => ({ synchronized: nativeCalls().clockSynchronized(), now: nativeCalls().realtime() })),
    selinux: selinuxMode(),
    units,
    runtimeDirectories: runtimeDirectories(),
    ...(await containerdFacts(config, units.containerd, options)),
  };
}

/** The settings, or the defaults and what is wrong with the settings. */
function load({ config: file, root }: DoctorOptions): {
  readonly config: Config;
  readonly failure: Failure | undefined;
} {
  try {
    return { config: loadConfig({ file, flags: { root } }), failure: undefined };
  } catch (error) {
    return { config: complete(root === undefined ? {} : { root }), failure: failureOf(error) };
  }
}

function kernelFacts(root: string) {
  const fileSystems = readFileSync('/proc/filesystems', 'utf8').split(/\s+/);
  return { release: release(), fileSystems, idMappedLayers: kernelTraits(nearestExisting(root)).idMappedLayers };
}

function isCommand(name: string): boolean {
  return (process.env.PATH ?? '').split(':').some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

async function rootFacts(root: string): Promise<RootFacts> {
  const path = realpathSync(nearestExisting(root));
  const mount = mountOf(path);
  const { output } = await runCommand('stat', ['--format=%C', path], { timeout: 10_000 });
  return {
    mount: { point: mount?.point ?? '/', type: mount?.type ?? 'unknown', options: mount?.options ?? [] },
    journal: isOn(path, 'ext4') ? hasOrderedMetadata(path) : undefined,
    space: await createDiskSpaceMeter(path)(),
    label: output.includes(':') ? output : '',
  };
}

/** Source: selinuxfs(5). */
function selinuxMode(): DoctorFacts['selinux'] {
  const file = '/sys/fs/selinux/enforce';
  if (!existsSync(file)) return undefined;
  return readFileSync(file, 'utf8').trim() === '1' ? 'enforcing' : 'permissive';
}
