import type { System } from '../../ports/system.ts';
import { createCommandSystem } from './command-system.ts';
import { createNativeSystem } from './native-system.ts';

/** The System of this machine: by native calls where they load, else by commands. */
export function createSystem(): System {
  return createNativeSystem() ?? createCommandSystem();
}
