import type { Mount } from '../../../ports/volume-driver.ts';

/** What an operator can set about overlay volumes. */
export interface OverlayOptions {
  /** added to every overlay mount, after the driver's own options */
  readonly mountOptions?: readonly string[];
  /** show where the upper directory is in the label `containerd.io/snapshot/overlay.upperdir` */
  readonly upperdirLabel?: boolean;
  /** let containerd change the owner of every file where the kernel can't map ids */
  readonly slowChown?: boolean;
  /**
   * map ids by mount options, where a Prepare's labels ask for it. Only for a containerd that was told so by the capability
   * `remap-ids`: any other one has chowned the files already, or hands the options to a kernel that doesn't know them.
   */
  readonly remapIds?: boolean;
}

/** Mounts where nobody sees it, makes a file of that name in it, and unmounts; or rejects with the kernel's reason. */
export type TryMount = (mount: Mount, at: string, file?: string) => Promise<void>;
