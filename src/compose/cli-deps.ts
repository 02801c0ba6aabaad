import { join } from 'node:path';
import type { CliDeps } from '../cli/cli-deps.ts';
import { Fault } from '../ports/fault.ts';
import { clusterOf, storeFiles } from './store-files.ts';

/** What the commands work with. Each part loads its code when it is called. */
export const cliDeps: CliDeps = {
  storeFiles,
  inspectLog: async (root, signal) => {
    const cluster = await clusterOf(root);
    if (cluster !== undefined) {
      const { inspectStream } = await import('../adapters/event-log/kurrentdb/open-kurrent-event-log.ts');
      return {
        store: cluster.store,
        segments: 0,
        bytes: 0,
        torn: 0,
        gaps: [],
        ...(await inspectStream(cluster, signal)),
      };
    }
    const { inspectLog } = await import('../adapters/event-log/file/verify/inspect-log.ts');
    return inspectLog(join(root, 'log'), signal);
  },
  openScan: async (root, driver) => {
    const { openScan } = await import('./drivers.ts');
    return openScan(root, driver);
  },
  archiveLog: async (root, upTo, dryRun) => {
    const { archiveLog } = await import('../adapters/event-log/file/archive/move-archives.ts');
    return archiveLog(join(root, 'log'), upTo, dryRun);
  },
  moveArchives: async (root, options) => {
    await expectFiles(root);
    const { moveStopped } = await import('../maintenance/move-archives.ts');
    return moveStopped(root, options);
  },
  bringBack: async (root, from) => {
    await expectFiles(root);
    const { bringBackStopped } = await import('../maintenance/move-archives.ts');
    return bringBackStopped(root, from);
  },
  exportStore: async (root, file, volumes) => {
    const { exportStore } = await import('../maintenance/export-store.ts');
    return exportStore(root, file, volumes);
  },
  importStore: async (root, file, driver) => {
    const { importStore } = await import('../maintenance/import-store.ts');
    return importStore(root, file, driver);
  },
  takeOver: async (root, options) => {
    const { switchOptions, takeOver } = await import('../maintenance/takeover/takeover.ts');
    return takeOver(root, switchOptions(options));
  },
  importContainerd: async (root, { from, driver, ...options }) => {
    const { switchOptions } = await import('../maintenance/takeover/takeover.ts');
    const { importContainerd } = await import('../maintenance/takeover/import-containerd.ts');
    return importContainerd(root, { ...switchOptions(options), from, driver });
  },
  giveBack: async (root, options) => {
    const { switchOptions } = await import('../maintenance/takeover/takeover.ts');
    const { giveBack } = await import('../maintenance/takeover/giveback.ts');
    return giveBack(root, switchOptions(options));
  },
  openInspector: async (root, driver) => {
    const { openInspector } = await import('./drivers.ts');
    return openInspector(root, driver);
  },
  openLayers: async (root, driver) => {
    const { openLayers } = await import('./drivers.ts');
    return openLayers(root, driver);
  },
  openMounts: async (settings, driver) => {
    const { openMounts } = await import('./drivers.ts');
    return openMounts(settings, driver);
  },
  initStore: async (config, logger) => {
    const { initStore } = await import('../maintenance/stopped-store.ts');
    return initStore(config, logger);
  },
  startDaemon: async (config, logger, options) => {
    const { startDaemon } = await import('../daemon.ts');
    return startDaemon(config, logger, options);
  },
  repairLog: async (root, dryRun) => {
    if ((await clusterOf(root)) !== undefined)
      throw new Fault('misuse', `${root}: its log is kept in a cluster, and can't be repaired from here`, {
        hint: 'bring the cluster back from a backup; `snapledger verify` tells what is wrong',
      });
    const { repairStopped } = await import('../maintenance/repair-stopped.ts');
    return repairStopped(root, dryRun);
  },
  reconcileStopped: async (config, logger) => {
    const { reconcileStopped } = await import('../maintenance/stopped-store.ts');
    return reconcileStopped(config, logger);
  },
  doctorFacts: async (options) => {
    const { doctorFacts } = await import('../maintenance/doctor/facts.ts');
    return doctorFacts(options);
  },
  restoreStopped: async (config, name, logger) => {
    const { restoreStopped } = await import('../maintenance/stopped-store.ts');
    return restoreStopped(config, name, logger);
  },
  startConsole: async (options, logger) => {
    const { startConsole } = await import('./console/start-console.ts');
    return startConsole(options, cliDeps, logger);
  },
  openFleet: async (database) => {
    const { openFleetQuestions } = await import(
      '../adapters/fleet-database/postgres/questions/open-fleet-questions.ts'
    );
    return openFleetQuestions(database);
  },
  openFleetRemoval: async (database) => {
    const { openFleetRemoval } = await import('../adapters/fleet-database/postgres/open-fleet-removal.ts');
    return openFleetRemoval(database);
  },
  serveFleet: async (options, logger) => {
    const { serveFleet } = await import('./fleet-questions.ts');
    return serveFleet(options, logger);
  },
  containerdHost: async () => {
    const { containerdVersion } = await import('../adapters/system/containerd-version.ts');
    const { inUserNamespace } = await import('../adapters/volume-driver/shared/kernel-traits.ts');
    return { version: await containerdVersion(), userNamespace: inUserNamespace() };
  },
  indexFleet: async (options, logger) => {
    const { runFleetIndex } = await import('./fleet.ts');
    return runFleetIndex(options, logger);
  },
};

async function expectFiles(root: string): Promise<void> {
  if ((await clusterOf(root)) === undefined) return;
  throw new Fault('misuse', `${root}: its log is kept in a cluster, and has no archives`, {
    hint: 'nothing has to be done here',
  });
}
