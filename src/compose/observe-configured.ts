import { goArchitecture } from '../adapters/system/machine.ts';
import { observeContainerd } from '../app/explain/observe-containerd.ts';
import { observeImages } from '../app/explain/observe-images.ts';
import type { Journal } from '../app/store/journal.ts';
import type { Config } from '../config/config.ts';
import type { System } from '../ports/system.ts';

/** Observes the containerd of the settings, if they name one. It may be absent, or come later: that is no failure. */
export async function observeConfigured(
  { containerdEvents: address }: Config,
  journal: Journal,
  { now: clock, uptime }: System,
): Promise<{ close(): void } | undefined> {
  if (address === null) return undefined;
  const { createContainerdWatch } = await import('../grpc/containerd/watch-containerd.ts');
  const { createAskContainerd } = await import('../grpc/containerd/ask-containerd.ts');
  const ask = createAskContainerd(address);
  const images = observeImages({ journal, ask, clock, uptime, architecture: goArchitecture() });
  return observeContainerd({ journal, uptime, watch: createContainerdWatch(address), images });
}
