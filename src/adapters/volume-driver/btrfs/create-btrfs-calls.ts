import type { BtrfsCalls } from './btrfs-calls.ts';
import { createCommandBtrfsCalls, type RunCommand } from './command-calls.ts';
import type { Ioctl } from './ioctl.ts';
import { createNativeBtrfsCalls } from './native-calls.ts';

/** btrfs by its ioctls where they can be called, else by its command. */
export function createBtrfsCalls(ioctl: Ioctl | undefined, run: RunCommand): BtrfsCalls {
  return ioctl === undefined ? createCommandBtrfsCalls(run) : createNativeBtrfsCalls(ioctl);
}
