import type { Check } from './check.ts';
import { configuration, containerdVersion } from './check-containerd.ts';
import { daemon, settings, sockets } from './check-daemon.ts';
import { clock, confinement, kernel, limits, privileges } from './check-machine.ts';
import { cri, plugin, unpack } from './check-plugin.ts';
import { driver, fileSystem, space, store } from './check-root.ts';
import { containerdUnit, mounts, unit } from './check-units.ts';

/** Every check, in the order of the report. */
export const checks: readonly Check[] = [
  settings,
  privileges,
  kernel,
  clock,
  confinement,
  fileSystem,
  space,
  store,
  driver,
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
