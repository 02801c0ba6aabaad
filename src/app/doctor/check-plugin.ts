import type { DoctorFacts, ProcessFacts } from '../../ports/machine-facts.ts';
import { type Check, error, type Finding, found, isUnavailable, warning } from './check.ts';
import { configured, releaseIn } from './check-containerd.ts';
import type { ProxyPlugin } from './containerd-settings.ts';
import { builtins, isFrom } from './containerd-versions.ts';

const print = 'write it again: snapledger containerd-config --output, then restart containerd';

const takenOver = 'write it again: snapledger containerd-config --takeover --output, then restart containerd';
const overlayfs = 'overlayfs';

const isDisabled = (name: string, disabled: readonly string[]) =>
  disabled.some((id) => id === `io.containerd.snapshotter.v1.${name}` || id === name);

const isBuiltIn = (name: string, disabled: readonly string[]) => builtins.includes(name) && !isDisabled(name, disabled);

export const plugin: Check = {
  name: 'plugin',
  about: "containerd's proxy plugin for the daemon: name, address, root and capabilities",
  run: (facts) => {
    const { own, disabled, root } = configured(facts);
    const same = own.filter(({ address }) => address === facts.settings.address);
    return {
      inspected:
        own.length === 0 ? 'none' : own.map(({ name, address, file }) => `${name} at ${address} (${file})`).join(', '),
      findings: found(
        own.length === 0 &&
          warning(
            `containerd's configuration has no proxy plugin for ${facts.settings.address}`,
            'snapledger containerd-config --output, then restart containerd',
          ),
        same.length > 1 &&
          error(
            `${same.map(({ name }) => name).join(' and ')} lead to the same socket: containerd's collection for one deletes the snapshots of the other`,
            'keep one of them',
          ),
        facts.settings.root === imageFsPath(root, overlayfs) &&
          !isDisabled(overlayfs, disabled) &&
          warning(
            `the root of containerd's overlayfs was taken over, and overlayfs is not disabled: each use of it fails`,
            takenOver,
          ),
        ...own.flatMap((proxy) => [
          ...nameFindings(proxy, disabled),
          ...addressFindings(proxy, facts),
          ...capabilityFindings(proxy, facts),
        ]),
      ),
    };
  },
};

function nameFindings({ name, type, file }: ProxyPlugin, disabled: readonly string[]): readonly Finding[] {
  return found(
    builtins.includes(name) &&
      error(
        `${file}: proxy_plugins.${name} has the name of a snapshotter that is built into containerd, which ends with "id already registered"; disabled_plugins does not help`,
        'rename it to proxy_plugins.snapledger',
      ),
    type !== 'snapshot' &&
      type !== 'io.containerd.snapshotter.v1' &&
      error(`${file}: proxy_plugins.${name} has the type ${JSON.stringify(type)}`, 'set type = "snapshot"'),
    isDisabled(name, disabled) &&
      error(`disabled_plugins disables ${name}`, 'remove it from disabled_plugins, then restart containerd'),
  );
}

function addressFindings({ name, address, root, file }: ProxyPlugin, facts: DoctorFacts): readonly Finding[] {
  const { settings, sockets } = facts;
  const state = sockets[address];
  return found(
    address !== settings.address &&
      error(
        `${file}: proxy_plugins.${name} leads to ${address}, and the daemon's address is ${settings.address}`,
        `${print}; or name the daemon's settings with --config`,
      ),
    state !== undefined &&
      !isUnavailable(state) &&
      state !== 'listening' &&
      error(
        `${file}: no process listens on ${address}, the address of proxy_plugins.${name}`,
        'start the daemon (systemctl start snapledger), or correct or remove the plugin',
      ),
    root !== undefined &&
      root !== settings.root &&
      error(`${file}: exports.root of ${name} is ${root}, and the root of the daemon ${settings.root}`, print),
  );
}

/** Capabilities of the plugin, which containerd believes, compared with what the daemon does. */
function capabilityFindings({ name, capabilities, file }: ProxyPlugin, facts: DoctorFacts): readonly Finding[] {
  const { settings } = facts;
  const release = releaseIn(facts);
  const remaps = capabilities.includes('remap-ids');
  const rebases = capabilities.includes('rebase');
  const inside = actingProcess(facts)?.initialUsers === false;
  const about = `${file}: ${name}`;
  return found(
    remaps &&
      !settings.remapIds &&
      error(
        `${about} has the capability remap-ids without overlay.remap_ids: ids of user namespaces would not be mapped`,
        `set overlay.remap_ids = true and restart the daemon, or ${print}`,
      ),
    !remaps &&
      settings.remapIds &&
      isFrom(release, 2, 0) &&
      error(`${about} lacks the capability remap-ids with overlay.remap_ids: ids would be mapped twice`, print),
    rebases &&
      !isFrom(release, 2, 2) &&
      warning(`${about} has the capability rebase, which containerd ${release.text} does not know`, print),
    rebases &&
      settings.driver === 'btrfs' &&
      warning(
        `${about} has the capability rebase with the driver btrfs: a commit copies a tree while containerd's other writes wait`,
        print,
      ),
    rebases &&
      (inside || settings.userxattr) &&
      error(
        `${about} has the capability rebase ${inside ? 'in a user namespace' : 'with userxattr in overlay.mount_options'}: commits of layers that are unpacked in parallel are refused`,
        'remove rebase from its capabilities, then restart containerd',
      ),
  );
}

/** containerd, which unpacks; the daemon if that is not known. */
function actingProcess({ containerd, daemon }: DoctorFacts): ProcessFacts | undefined {
  if (!isUnavailable(containerd.process) && containerd.process !== undefined) return containerd.process;
  return isUnavailable(daemon) ? undefined : daemon?.process;
}

export const cri: Check = {
  name: 'kubernetes',
  about: 'snapshotters of CRI and its runtimes, and how kubelet finds the image file system',
  run: (facts) => {
    const { proxies, own, criSnapshotter = overlayfs, disabled, root } = configured(facts);
    if (disabled.some((id) => /\bcri\b/.test(id))) return { inspected: 'CRI is disabled', findings: [] };
    const proxy = own.find(({ name }) => name === criSnapshotter);
    const known = isBuiltIn(criSnapshotter, disabled) || proxies.some(({ name }) => name === criSnapshotter);
    return {
      inspected: `CRI uses ${criSnapshotter}`,
      findings: found(
        !known &&
          error(
            builtins.includes(criSnapshotter)
              ? `CRI's snapshotter is ${criSnapshotter}, which disabled_plugins disables: CRI does not start`
              : `CRI's snapshotter is ${criSnapshotter}, which no proxy plugin defines: CRI does not start`,
            builtins.includes(criSnapshotter) ? takenOver : print,
          ),
        ...runtimeFindings(facts),
        ...(proxy === undefined ? [] : imageFsFindings(proxy, root, facts)),
      ),
    };
  },
};

/** A runtime of CRI may have a snapshotter of its own. */
function runtimeFindings(facts: DoctorFacts): readonly Finding[] {
  const { proxies, own, criSnapshotter = overlayfs, runtimeSnapshotters, disabled } = configured(facts);
  if (!isFrom(releaseIn(facts), 1, 7)) return [];
  const isOwn = (name: string) => own.some((proxy) => proxy.name === name);
  return [...runtimeSnapshotters].flatMap(([runtime, snapshotter]) => {
    const about = `CRI's runtime ${runtime} has the snapshotter ${snapshotter}`;
    const known = isBuiltIn(snapshotter, disabled) || proxies.some(({ name }) => name === snapshotter);
    const remove = "remove snapshotter from the runtime's table, then restart containerd";
    return found(
      !known &&
        error(
          `${about}, which is ${isDisabled(snapshotter, disabled) ? 'disabled' : 'not defined'}: its pods do not start`,
          remove,
        ),
      known &&
        isOwn(criSnapshotter) &&
        !isOwn(snapshotter) &&
        warning(`${about}: its pods do not use ${criSnapshotter}`, remove),
    );
  });
}

/** Since 1.7.16 containerd takes the image file system from `exports`, before from a path below its own root. */
function imageFsFindings({ name, root }: ProxyPlugin, containerdRoot: string, facts: DoctorFacts): readonly Finding[] {
  const path = imageFsPath(containerdRoot, name);
  const effect = 'kubelet neither collects images nor evicts pods';
  if (isFrom(releaseIn(facts), 1, 7, 16))
    return found(
      root === undefined &&
        facts.realPaths[path] !== facts.settings.root &&
        error(`${name} has no exports.root: ${effect}`, print),
    );
  return found(
    facts.realPaths[path] !== (facts.realPaths[facts.settings.root] ?? facts.settings.root) &&
      error(
        `${path} does not lead to ${facts.settings.root}, and this containerd expects the image file system there: ${effect}`,
        `set containerd.image_fs_link = "${containerdRoot}" and restart the daemon, or ln -sfnT ${facts.settings.root} ${path}`,
      ),
  );
}

export const imageFsPath = (containerdRoot: string, name: string) =>
  `${containerdRoot}/io.containerd.snapshotter.v1.${name}`;

export const unpack: Check = {
  name: 'unpack',
  about:
    "containerd 2's transfer service: `unpack_config` for snapledger, `max_concurrent_unpacks`, the capability rebase, `overlay.stage_layers`",
  run: (facts) => {
    const { own, unpacks, maxConcurrentUnpacks: most, criSnapshotter, criPullsItself, disabled } = configured(facts);
    const release = releaseIn(facts);
    const [proxy] = own;
    if (proxy === undefined) return { unavailable: 'there is no proxy plugin' };
    if (!isFrom(release, 2, 0))
      return {
        inspected: `containerd ${release.text} unpacks in its clients`,
        findings: stagingFindings(facts, false),
      };
    const byCri = criSnapshotter === proxy.name && isFrom(release, 2, 1) && !criPullsItself;
    const pulls = byCri ? "CRI's pulls fail" : '`ctr images pull` fails without --local';
    return {
      inspected: `unpack_config for ${unpacks.length === 0 ? 'overlayfs, the default' : unpacks.join(', ')}; ${most} at once`,
      findings: found(
        (unpacks.length === 0 || unpacks.includes(overlayfs)) &&
          isDisabled(overlayfs, disabled) &&
          error(
            'the transfer service unpacks for overlayfs, which disabled_plugins disables: it does not start',
            takenOver,
          ),
        !unpacks.includes(proxy.name) &&
          (byCri ? error : warning)(`the transfer service has no unpack_config for ${proxy.name}: ${pulls}`, print),
        most > 1 &&
          isFrom(release, 2, 2) &&
          facts.settings.driver === 'overlay' &&
          actingProcess(facts)?.initialUsers !== false &&
          !proxy.capabilities.includes('rebase') &&
          warning(
            `max_concurrent_unpacks is ${most}, but ${proxy.name} lacks the capability rebase: its layers are unpacked one after the other`,
            print,
          ),
        ...stagingFindings(facts, most > 1 && proxy.capabilities.includes('rebase')),
      ),
    };
  },
};

/** Layers are staged only for a containerd that asks for it; an older one tries to write into them. */
function stagingFindings(facts: DoctorFacts, parallel: boolean): readonly Finding[] {
  const { settings, root } = facts;
  if (!settings.stageLayers) return [];
  const release = releaseIn(facts);
  const sharing = isUnavailable(root) || ['xfs', 'btrfs'].includes(root.mount.type);
  return found(
    !isFrom(release, 2, 4) &&
      error(
        `overlay.stage_layers is set, and containerd ${release.text} can't unpack staged layers: it fails with "read-only file system"`,
        'set overlay.stage_layers = false, or install containerd 2.4 or later',
      ),
    isFrom(release, 2, 4) &&
      !(parallel && sharing) &&
      warning(
        'overlay.stage_layers has no effect without the capability rebase, max_concurrent_unpacks above 1 and a root on xfs or btrfs',
        'snapledger containerd-config --output, then restart containerd; or set overlay.stage_layers = false',
      ),
  );
}
