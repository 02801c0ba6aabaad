import { goArchitecture } from '../adapters/system/machine.ts';
import { createImageTrouble } from '../app/explain/image-trouble.ts';
import { observeContainerd } from '../app/explain/observe-containerd.ts';
import { observeImages } from '../app/explain/observe-images.ts';
import type { Journal } from '../app/store/journal.ts';
import type { Config } from '../config/config.ts';
import type { Tools } from './tools.ts';

/** Observes the containerd of the settings, if they name one. It may be absent, or come later: that is no failure. */
export async function observeConfigured(
  { containerdEvents: address }: Config,
  journal: Journal,
  { system: { now: clock, uptime }, metrics, logger }: Pick<Tools, 'system' | 'metrics' | 'logger'>,
): Promise<{ close(): void } | undefined> {
  if (address === null) return undefined;
  const { createContainerdWatch } = await import('../grpc/containerd/watch-containerd.ts');
  const { createAskContainerd } = await import('../grpc/containerd/ask-containerd.ts');
  const ask = createAskContainerd(address);
  const trouble = imageTrouble(metrics, logger, address);
  const images = observeImages({ journal, ask, clock, uptime, architecture: goArchitecture(), trouble });
  return observeContainerd({ journal, uptime, watch: createContainerdWatch(address), images });
}

const messages = {
  containerd: ["containerd's images can't be read: retried later", "containerd's images are read again"],
  content: ["content of an image can't be read: its layers stay unknown", 'content of all images is read again'],
} as const;

const imageTrouble = (metrics: Tools['metrics'], logger: Tools['logger'], address: string) =>
  createImageTrouble({
    count: metrics.imageFailed,
    begins: (kind, err, image) => logger.warn({ err, address, ...(image !== '' && { image }) }, messages[kind][0]),
    ends: (kind) => logger.info({ address }, messages[kind][1]),
  });
