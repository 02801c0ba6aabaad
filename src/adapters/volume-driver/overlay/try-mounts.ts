import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync } from 'node:fs';
import { errorText, Fault, isFull } from '../../../ports/fault.ts';
import type { Volume } from '../../../ports/volume-driver.ts';
import { makeDirectories } from '../../system/files.ts';
import type { KernelTraits } from './kernel-traits.ts';
import { createOverlayMounts } from './overlay-mounts.ts';
import type { TryMount } from './overlay-options.ts';

interface Trial {
  /** the root, as errors name it */
  readonly root: string;
  /** an empty directory on its file system */
  readonly place: string;
  readonly traits: KernelTraits;
  readonly mountOptions: readonly string[];
  readonly tryMount: TryMount;
}

const volume = (kind: Volume['kind']): Volume => ({ id: 3, kind, parents: [2, 1], labels: {} });

/**
 * Mounts an active and a view of two layers as they will be mounted, first without the operator's options, and writes through the
 * active. Rejects with a Fault: `unsupported` where no overlay can be mounted, `misuse` where that is due to the options.
 */
export async function tryMounts(trial: Trial): Promise<void> {
  const { root, place, mountOptions } = trial;
  for (const name of ['1/fs', '2/fs', '3/fs', '3/work']) makeDirectories(`${place}/snapshots/${name}`);
  mkdirSync(`${place}/merged`);
  const plain = await refusal(trial, []);
  if (plain !== undefined)
    throw new Fault('unsupported', `root ${root}: no overlay can be mounted on it: ${plain}`, {
      hint: 'put the root on a local volume of ext4, xfs or btrfs; dmesg says what the kernel missed',
    });
  const whole = mountOptions.length === 0 ? undefined : await refusal(trial, mountOptions);
  if (whole === undefined) return;
  const alone: string[] = [];
  for (const option of mountOptions) if ((await refusal(trial, [option])) !== undefined) alone.push(option);
  const named = (alone.length > 0 ? alone : mountOptions).map((option) => JSON.stringify(option)).join(', ');
  throw new Fault('misuse', `overlay.mount_options: ${named}: no active can be mounted and written to: ${whole}`, {
    hint: 'correct overlay.mount_options; the last lines of the kernel log (dmesg) say why it refused',
  });
}

/** Why actives or views can't be mounted with these options. */
async function refusal(
  { place, traits, tryMount }: Trial,
  mountOptions: readonly string[],
): Promise<string | undefined> {
  const mountsOf = createOverlayMounts(place, traits, { mountOptions, remapIds: false });
  const written = `written-${randomUUID()}`;
  try {
    for (const mount of mountsOf(volume('view'))) await tryMount(mount, `${place}/merged`);
    for (const mount of mountsOf(volume('active'))) await tryMount(mount, `${place}/merged`, written);
  } catch (error) {
    if (isFull(error)) throw error;
    return errorText(error);
  }
  return existsSync(`${place}/snapshots/3/fs/${written}`) ? undefined : 'what is written does not get into its layer';
}
