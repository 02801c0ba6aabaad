import type { Command } from 'commander';
import { type Config, imageFsPath } from '../../config/config.ts';
import { loadConfig } from '../../config/load-config.ts';
import { configOption, path } from '../options.ts';
import { type Print, print } from '../output/print.ts';

interface ContainerdConfigOptions {
  readonly address?: string;
  readonly config?: string;
  readonly cri?: boolean;
}

export function addContainerdConfig(program: Command): void {
  program
    .command('containerd-config')
    .description("print what containerd's configuration needs")
    .addOption(configOption())
    .option('--address <socket>', 'unix socket for containerd', path)
    .option('--cri', 'also make it the default for Kubernetes')
    .action(async (options: ContainerdConfigOptions) => containerdConfig(options, print));
}

/**
 * Prints what containerd's own configuration needs. containerd 1.6 and 1.7 ignore `capabilities` and `exports`,
 * 2.0 and later use them.
 */
async function containerdConfig(options: ContainerdConfigOptions, print: Print): Promise<void> {
  const config = loadConfig({ file: options.config, flags: { address: options.address } });
  const { address, root, driver, overlay } = config;
  const remaps = driver === 'overlay' && overlay.remapIds;
  print([
    '[proxy_plugins.snapledger]',
    '  type = "snapshot"',
    `  address = ${quoted(address)}`,
    // The daemon maps ids by the same setting. containerd 2 leaves it to the daemon only with this line.
    ...(remaps ? ['  # containerd 2.0 or later', '  capabilities = ["remap-ids"]'] : []),
    '  [proxy_plugins.snapledger.exports]',
    `    root = ${quoted(root)}`,
    ...(options.cri === true ? [...cri, '', ...imageFs(config)] : []),
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

/** containerd 1.x does not know `exports`: its CRI looks for the image file system below containerd's own root. */
function imageFs({ root, imageFsLink }: Config): readonly string[] {
  const note =
    '# containerd 1.6 and 1.7 look for the image file system below their own root: without this link kubelet neither';
  const link = `#   ln -sfnT ${shellWord(root)} ${shellWord(imageFsLink ?? imageFsPath('/var/lib/containerd'))}`;
  return imageFsLink === null
    ? [
        note,
        '# collects images nor evicts. Make it, or let `serve` do so: containerd.image_fs_link = "/var/lib/containerd"',
        link,
      ]
    : [note, '# collects images nor evicts. `serve` makes it, as containerd.image_fs_link is set:', link];
}

const shellWord = (text: string) => (/^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);

/** A TOML basic string; JSON's escapes are a part of TOML's. */
const quoted = (text: string) => JSON.stringify(text);
