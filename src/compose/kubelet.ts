import { createDiskSpaceMeter } from '../adapters/system/file-system.ts';
import { linkImageFs } from '../adapters/system/image-fs-link.ts';
import { hiddenFromKubelet } from '../app/retention/policy.ts';
import type { Config } from '../config/config.ts';
import type { Tools } from './tools.ts';

/** What a kubelet on this machine needs: a path to the image file system, and a warning if retained layers would cost it space. */
export async function prepareForKubelet(config: Config, tools: Pick<Tools, 'metrics' | 'logger'>): Promise<void> {
  await compareRetention(config, tools);
  if (config.imageFsLink !== null) linkImages(config.imageFsLink, config.root, tools);
}

/** A kubelet must never lack space that retained layers hold: it would collect images, then evict pods, for nothing. */
async function compareRetention(
  { root, retention }: Config,
  { metrics, logger }: Pick<Tools, 'metrics' | 'logger'>,
): Promise<void> {
  const bytes = retention === null ? 0 : hiddenFromKubelet(retention, await createDiskSpaceMeter(root)());
  metrics.hiddenFromKubelet(bytes);
  if (bytes > 0)
    logger.warn(
      { bytes },
      'with this retention.min_free, removed layers are still kept when a kubelet lacks space: keep "20%" free or more',
    );
}

function linkImages(path: string, root: string, { logger }: Pick<Tools, 'logger'>): void {
  const missing = linkImageFs(path, root);
  if (missing === undefined) logger.info({ path }, 'the image file system is linked for containerd before 1.7.16');
  else logger.warn({}, `kubelet does not see the image file system: ${missing}`);
}
