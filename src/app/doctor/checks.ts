import type { Check } from './check.ts';
import { configuration, containerdVersion } from './check-containerd.ts';
import { daemon, settings, sockets } from './check-daemon.ts';
import { clock, confinement, kernel, limits, rights } from './check-machine.ts';
import { cri, plugin, unpack } from './check-plugin.ts';
import { fileSystem, space, store, trial } from './check-root.ts';
import { containerdUnit, mounts, unit } from './check-units.ts';

/** Every check, in the order of the report. */
export const checks: readonly Check[] = [
  settings,
  rights,
  kernel,
  clock,
  confinement,
  fileSystem,
  space,
  store,
  trial,
  daemon,
  sockets,
  limits,
  unit,
  containerdUnit,
  mounts,
  containerdVersion,
  configuration,
  plugin,
  cri,
  unpack,
];
