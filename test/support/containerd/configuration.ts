import type { Sandbox } from '../sandbox.ts';
import { isContainerd } from './tools.ts';

/** The name of the snapshotter under test in containerd's configuration. */
export const snapshotterName = 'snapledger';
/** The name of containerd's own. */
export const builtinName = 'overlayfs';

/** The platform of images that run here, as containerd writes it. */
const platform = `linux/${process.arch === 'x64' ? 'amd64' : process.arch}`;

export interface ContainerdSettings {
  /** path of containerd's own socket */
  readonly address: string;
  /** path of the snapshotter's socket */
  readonly snapshotter: string;
  /** the root of containerd's own overlayfs; default: below containerd's root */
  readonly overlayfs?: string;
  /** what containerd 2.x is told about the snapshotter, as `capabilities` */
  readonly capabilities?: readonly string[];
  /** layers that the transfer service of containerd 2.2 or later unpacks at the same time; default: 1 */
  readonly concurrentUnpacks?: number;
}

/** Plugins that tests don't need: CRI, and what uses paths outside of containerd's own root and state. */
export const disabledPlugins = () => [
  'io.containerd.grpc.v1.cri',
  ...(isContainerd(2)
    ? [
        'io.containerd.cri.v1.images',
        'io.containerd.cri.v1.runtime',
        'io.containerd.podsandbox.controller.v1.podsandbox',
        'io.containerd.nri.v1.nri',
      ]
    : []),
];

/** For containerd 2.x: it unpacks only for the snapshotters that are configured here. */
export const transferService = (snapshotters: readonly string[], concurrentUnpacks = 1): string => `
[plugins."io.containerd.transfer.v1.local"]
  ${isContainerd(2, 2) ? `max_concurrent_unpacks = ${concurrentUnpacks}` : ''}
${snapshotters.map(unpackConfig).join('')}`;

const unpackConfig = (snapshotter: string): string => `
  [[plugins."io.containerd.transfer.v1.local".unpack_config]]
    platform = "${platform}"
    snapshotter = "${snapshotter}"
`;

/** containerd's configuration for tests: everything in the sandbox, one proxy snapshotter, no CRI. Version 3 came with containerd 2.0. */
export function containerdConfiguration(sandbox: Sandbox, settings: ContainerdSettings): string {
  const { address, snapshotter, overlayfs, capabilities = [], concurrentUnpacks } = settings;
  return `version = ${isContainerd(2) ? 3 : 2}
root = "${sandbox.folder('containerd/root')}"
state = "${sandbox.folder('containerd/state')}"
disabled_plugins = ${JSON.stringify(disabledPlugins())}

[grpc]
  address = "${address}"

[ttrpc]
  address = "${address}.ttrpc"

[proxy_plugins.${snapshotterName}]
  type = "snapshot"
  address = "${snapshotter}"
  ${isContainerd(2) ? `capabilities = ${JSON.stringify(capabilities)}` : ''}

[plugins."io.containerd.gc.v1.scheduler"]
  startup_delay = "1s"

[plugins."io.containerd.internal.v1.opt"]
  path = "${sandbox.folder('containerd/opt')}"
${overlayfs === undefined ? '' : `[plugins."io.containerd.snapshotter.v1.${builtinName}"]\n  root_path = "${overlayfs}"`}
${isContainerd(2) ? transferService([snapshotterName, ...(overlayfs === undefined ? [] : [builtinName])], concurrentUnpacks) : ''}`;
}
