import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { contentOf } from '../app/fleet/fold/store.ts';
import type { IndexObserver, IndexState } from '../app/fleet/index-fleet.ts';
import type { FleetChange, FleetStore, IncidentKind } from '../ports/fleet-database.ts';
import { describeProcess } from './create-metrics.ts';
import { gaugeOf } from './log-metrics.ts';

/** Metrics and health of an indexer. */
export interface FleetMetrics {
  readonly observer: IndexObserver;
  /** The text format of Prometheus. */
  text(): Promise<{ readonly contentType: string; readonly body: string }>;
  /** `serving` while the index is being written or is up to date. */
  health(): { readonly serving: boolean; readonly state: IndexState; readonly why: string };
}

const incidentKinds: readonly IncidentKind[] = [
  ...(['lost', 'undone', 'quarantined', 'repaired', 'crash', 'power-cut', 'rolled-back', 'stopped'] as const),
];

/** `now` is in milliseconds since 1970 UTC. */
export function createFleetMetrics(version: string, now: () => number = Date.now): FleetMetrics {
  const registry = new Registry();
  describeProcess(registry, version);
  const stores = new Map<string, FleetStore>();
  const status = { state: 'starting' as IndexState, why: '', committed: 0, newest: 0 };
  const count = createCounters(registry);
  watchStatus(registry, status, now);
  watchStores(registry, stores);
  return {
    observer: {
      state: (state, why) => {
        Object.assign(status, { state, why });
        if (state === 'live') status.committed = now();
      },
      opened: (all) => {
        stores.clear();
        for (const store of all) stores.set(store.store, store);
      },
      applied: (change, items, seconds) => {
        for (const store of change.stores) {
          stores.set(store.store, store);
          status.newest = Number((store.lastRecorded ?? 0n) / 1_000_000n);
        }
        status.committed = now();
        count.applied(change, items, seconds);
      },
      failed: count.failed,
    },
    text: async () => ({ contentType: registry.contentType, body: await registry.metrics() }),
    health: () => ({
      serving: status.state === 'live' || status.state === 'catching up',
      state: status.state,
      why: status.why,
    }),
  };
}

function createCounters(registry: Registry) {
  const registers = [registry];
  const counter = (name: string, help: string) => new Counter({ name, help, registers });
  const events = counter('snapledger_fleet_events_total', 'Events indexed since the start');
  const unknown = counter(
    'snapledger_fleet_unknown_events_total',
    'Events of a newer release, kept aside since the start',
  );
  const errors = counter('snapledger_fleet_errors_total', 'Interruptions of the indexing');
  const incidents = new Counter({
    ...{ name: 'snapledger_fleet_incidents_total', help: 'Incidents indexed since the start, by kind' },
    ...{ labelNames: ['kind'], registers },
  });
  for (const kind of incidentKinds) incidents.inc({ kind }, 0);
  const batches = new Histogram({
    ...{ name: 'snapledger_fleet_batch_seconds', help: 'Time of a batch, by step' },
    ...{ labelNames: ['step'], buckets: [0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 5, 30], registers },
  });
  return {
    failed: () => errors.inc(),
    applied: (change: FleetChange, items: number, seconds: Readonly<Record<string, number>>) => {
      events.inc(items);
      unknown.inc(change.kept.length);
      for (const { kind } of change.incidents) incidents.inc({ kind });
      for (const [step, time] of Object.entries(seconds)) batches.observe({ step }, time);
    },
  };
}

interface Status {
  readonly state: IndexState;
  /** milliseconds since 1970 UTC: the last batch, or the last time that there was nothing more */
  readonly committed: number;
  /** when the cluster stored the last indexed event */
  readonly newest: number;
}

function watchStatus(registry: Registry, status: Status, now: () => number): void {
  const gauge = gaugeOf(registry);
  const is = (state: IndexState) => Number(status.state === state);
  gauge('snapledger_fleet_caught_up', '1 while the index has all that the cluster has, else 0', () => is('live'));
  gauge('snapledger_fleet_waiting', '1 while another indexer works on the database, else 0', () => is('waiting'));
  gauge(
    'snapledger_fleet_last_commit_timestamp_seconds',
    'Time of the last batch that was written, or at which there was nothing more; 0 before the first',
    () => status.committed / 1000,
  );
  gauge('snapledger_fleet_behind_seconds', 'Age of the last indexed event while there are more, else 0', () =>
    status.newest === 0 || is('live') + is('waiting') > 0 ? 0 : Math.max(0, (now() - status.newest) / 1000),
  );
}

/** By node, from the rows at a scrape. */
function watchStores(registry: Registry, stores: ReadonlyMap<string, FleetStore>): void {
  const byNode = (name: string, help: string, figure: (store: FleetStore) => number | undefined) =>
    new Gauge({
      ...{ name, help, labelNames: ['node', 'store'], registers: [registry] },
      collect() {
        this.reset();
        for (const store of stores.values()) {
          const value = figure(store);
          if (value !== undefined) this.set({ node: store.node, store: store.store }, value);
        }
      },
    });
  byNode(
    'snapledger_fleet_node_last_event_timestamp_seconds',
    "Time of the node's last indexed event, by the node's clock",
    ({ lastEvent }) => (lastEvent === null ? undefined : Number(lastEvent / 1_000_000n) / 1000),
  );
  byNode(
    'snapledger_fleet_node_last_seen_timestamp_seconds',
    "Time at which the cluster stored the node's last indexed event, by its clock",
    ({ lastRecorded }) => (lastRecorded === null ? undefined : Number(lastRecorded / 1_000_000n) / 1000),
  );
  byNode('snapledger_fleet_node_open', '1 unless the daemon was shut down in order, else 0', ({ open }) =>
    Number(open),
  );
  byNode('snapledger_fleet_node_lag_seconds', "Time from the node's last event to its arrival in the cluster", lagOf);
  byNode('snapledger_fleet_node_stopped', '1 if nothing more is indexed of this store, else 0', ({ head }) =>
    Number(head.stopped),
  );
  byNode(
    'snapledger_fleet_node_events',
    'Events indexed of the current history',
    ({ head, first }) => head.position - first + 1,
  );
  byNode('snapledger_fleet_node_snapshots', 'Existing snapshots', (store) => contentOf(store).snapshots);
  byNode('snapledger_fleet_node_bytes', 'Bytes of existing snapshots, as measured', (store) => contentOf(store).bytes);
}

/** Negative if the node's clock is ahead of the cluster's. */
const lagOf = ({ lastEvent, lastRecorded }: FleetStore) =>
  lastEvent === null || lastRecorded === null ? undefined : Number((lastRecorded - lastEvent) / 1_000_000n) / 1000;
