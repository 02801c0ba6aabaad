import { readPostgresUrl } from '../adapters/fleet-database/postgres/connection/url.ts';
import { openFleetDatabase } from '../adapters/fleet-database/postgres/fleet-database.ts';
import { createSystem } from '../adapters/system/system.ts';
import { createDisposal } from '../app/disposal.ts';
import { type IndexObserver, indexFleet } from '../app/fleet/index-fleet.ts';
import type { FleetIndexOptions } from '../cli/cli-deps.ts';
import { version } from '../config/version.ts';
import { serveMetrics } from '../http/serve-metrics.ts';
import { createFleetMetrics } from '../observe/fleet-metrics.ts';
import type { Logger } from '../ports/logger.ts';
import type { System } from '../ports/system.ts';
import { createFleetSourceThread } from './threads/fleet-source-thread.ts';

/** Indexes a cluster's stores in a database, until the signal or the end with `once`. Rejects as `indexFleet`. */
export async function runFleetIndex(options: FleetIndexOptions, logger: Logger): Promise<void> {
  const { from, into, listen, once, rebuild, keepRemoved, signal } = options;
  const system = createSystem();
  const metrics = createFleetMetrics(version());
  const source = createFleetSourceThread(from);
  logger.info({ from: source.where, into: readPostgresUrl(into).shown }, 'indexing');
  const started = createDisposal();
  try {
    if (listen !== null) {
      const http = await serveMetrics({ metrics: metrics.text, health: metrics.health }, listen, logger);
      started.defer(http.close);
    }
    // Ready before there is a connection: both sides may be started later.
    await system.notify('READY=1');
    await indexFleet({
      ...{ source, logger, once, rebuild, keepRemoved, signal, now: system.now },
      observer: notifying(metrics.observer, system),
      open: (request) => openFleetDatabase({ url: into, ...request }),
    });
    await system.notify('STOPPING=1');
  } finally {
    await started.dispose();
  }
}

/** `systemctl status` shows what the indexer does. */
function notifying(observer: IndexObserver, system: System): IndexObserver {
  let last = '';
  return {
    ...observer,
    state: (state, why) => {
      observer.state(state, why);
      const text = `${state}: ${why}`.replaceAll('\n', ' ');
      if (text === last) return;
      last = text;
      system.notify(`STATUS=${text}`).catch(() => {});
    },
  };
}
