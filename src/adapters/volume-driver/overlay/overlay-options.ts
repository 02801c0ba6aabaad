import type { Mount } from '../../../ports/volume-driver.ts';

/** What an operator can set about overlay volumes. */
export interface OverlayOptions {
  /** added to every overlay mount, after the driver's own options */
  readonly mountOptions?: readonly string[];
  /** show where the upper directory is in the label `containerd.io/snapshot/overlay.upperdir` */
  readonly upperdirLabel?: boolean;
  /** let containerd change the owner of every file where the kernel can't map ids */
  readonly slowChown?: boolean;
  /** leave mapped ids to the kernel; `auto`, the default, where it can */
  readonly remapIds?: 'auto' | boolean;
}

/** Mounts where nobody sees it and unmounts, or rejects with the kernel's reason. */
export type TryMount = (mount: Mount, at: string) => Promise<void>;
