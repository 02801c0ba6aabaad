import { loadConfig } from '../../config/load-config.ts';
import type { Print } from '../output/print.ts';

export interface ContainerdConfigOptions {
  readonly address?: string;
  readonly config?: string;
  readonly cri?: boolean;
}

/**
 * Prints what containerd's own configuration needs. containerd 1.6 and 1.7 pass over `capabilities` and `exports`,
 * 2.0 and later use them.
 */
export async function containerdConfig(options: ContainerdConfigOptions, print: Print): Promise<void> {
  const { address, root, driver, overlay } = loadConfig({ file: options.config, flags: { address: options.address } });
  const remaps = driver === 'overlay' && overlay.remapIds !== false;
  // Only the daemon knows whether this kernel maps ids: left to itself, it must not be promised.
  const mark = overlay.remapIds === true ? '' : '# with containerd 2, where the kernel has idmapped overlay mounts: ';
  print([
    '[proxy_plugins.snapledger]',
    '  type = "snapshot"',
    `  address = ${quoted(address)}`,
    ...(remaps ? [`  ${mark}capabilities = ["remap-ids"]`] : []),
    '  [proxy_plugins.snapledger.exports]',
    `    root = ${quoted(root)}`,
    ...(options.cri === true ? cri : []),
  ]);
}

const cri = [
  '',
  '# containerd 1.x (version = 2)',
  '[plugins."io.containerd.grpc.v1.cri".containerd]',
  '  snapshotter = "snapledger"',
  '  disable_snapshot_annotations = true',
  '',
  '# containerd 2.x (version = 3): in place of the lines above',
  '# [plugins."io.containerd.cri.v1.images"]',
  '#   snapshotter = "snapledger"',
];

/** A TOML basic string; JSON's escapes are a part of TOML's. */
const quoted = (text: string) => JSON.stringify(text);
