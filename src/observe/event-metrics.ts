import { Counter, type Registry } from 'prom-client';
import type { Event } from '../../events/registry.ts';

/** Counts durable events by type, purges with the bytes they freed, and what recovery found by action. */
export function createEventMetrics(registry: Registry): (event: Event) => void {
  const registers = [registry];
  const byType = new Counter({
    name: 'snapledger_events_total',
    help: 'Durable events by type, since the start',
    labelNames: ['type'],
    registers,
  });
  const purges = new Counter({
    name: 'snapledger_purges_total',
    help: 'Volumes of removed and undone snapshots taken off the disk',
    registers,
  });
  const freed = new Counter({
    name: 'snapledger_purged_bytes_total',
    help: 'Bytes freed by purges, as far as the driver knows them',
    registers,
  });
  const recovered = new Counter({
    name: 'snapledger_recovery_actions_total',
    help: 'What recovery had to do at the start, by action',
    labelNames: ['action'],
    registers,
  });
  return (event) => {
    byType.inc({ type: event.type });
    if (event.type === 'VolumePurged') {
      purges.inc();
      freed.inc(event.data.bytes);
    } else if (event.type === 'StoreOpened') {
      for (const [action, count] of Object.entries(event.data.found)) recovered.inc({ action }, count);
    }
  };
}
