import { copyTree, liftFlags, tryMount } from '../adapters/system/commands.ts';
import { nativeCalls } from '../adapters/system/native-calls.ts';
import { createBtrfsCalls } from '../adapters/volume-driver/btrfs/btrfs-calls.ts';
import { createBtrfsDriver } from '../adapters/volume-driver/btrfs/btrfs-driver.ts';
import { createBallast } from '../adapters/volume-driver/btrfs/create-ballast.ts';
import { createMemoryDriver } from '../adapters/volume-driver/memory-driver.ts';
import { createOverlayDriver } from '../adapters/volume-driver/overlay/overlay-driver.ts';
import type { OverlayOptions } from '../adapters/volume-driver/overlay/overlay-options.ts';
import type { DriverName } from '../config/config.ts';
import type { Ballast } from '../ports/ballast.ts';
import type { Failpoint } from '../ports/failpoints.ts';
import type { Logger } from '../ports/logger.ts';
import type { System } from '../ports/system.ts';
import type { VolumeDriver } from '../ports/volume-driver.ts';

export interface DriverSettings {
  readonly driver: DriverName;
  readonly root: string;
  readonly overlay: OverlayOptions;
}

export interface DriverTools {
  readonly system: System;
  readonly failpoint: Failpoint;
  /** none where the root is looked at for a moment only */
  readonly ballast?: Ballast | undefined;
}

/** The driver that the settings name, over its root, which it checks and lays out. Rejects with a Fault. */
export async function createDriver(
  { driver, root, overlay }: DriverSettings,
  { system, failpoint, ballast }: DriverTools,
): Promise<VolumeDriver> {
  switch (driver) {
    case 'overlay':
      return createOverlayDriver({ root, system, options: overlay, tryMount, liftFlags, failpoint });
    case 'btrfs':
      return createBtrfsDriver({
        root,
        system,
        calls: createBtrfsCalls(nativeCalls().ioctl),
        copyTree,
        liftFlags,
        ballast,
        failpoint,
      });
    case 'memory':
      return createMemoryDriver();
    default:
      return driver satisfies never;
  }
}

/** What a root holds to be given up where space runs out; undefined where its file system needs none. */
export function createRootBallast(
  root: string,
  { system: { preallocate }, logger }: { readonly system: System; readonly logger: Logger },
): Ballast | undefined {
  const warn = (message: string) => logger.warn({}, message);
  return createBallast({ root, calls: createBtrfsCalls(nativeCalls().ioctl), preallocate, warn });
}
