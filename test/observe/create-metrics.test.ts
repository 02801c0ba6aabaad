import { Subject } from 'rxjs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Envelope } from '../../events/envelope.ts';
import type { Event } from '../../events/registry.ts';
import { emptyState, evolve } from '../../projections/state.ts';
import { createPipelines } from '../../src/app/background/pipeline.ts';
import type { ForwardStatus } from '../../src/app/forward/status.ts';
import { createMetrics, type Metrics } from '../../src/observe/create-metrics.ts';
import { silent } from '../../src/ports/logger.ts';
import { createMemoryEventLog } from '../support/memory-event-log.ts';
import { sampleRoot } from '../support/sample-events.ts';

interface Context {
  metrics: Metrics;
}

const test = suite<Context>('createMetrics');
test.before.each((context) => {
  context.metrics = createMetrics('1.2.3');
});
test.after.each(({ metrics }) => metrics.close());

/** The value of a series as the text shows it. */
async function reading(metrics: Metrics, series: string): Promise<number | undefined> {
  const { body } = await metrics.text();
  const line = body.split('\n').find((one) => one.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1));
}

const enveloped = (event: Event, position: number): Envelope => ({ position, id: '', time: 0n, meta: {}, event });

const facts: readonly Event[] = [
  {
    type: 'StoreOpened',
    data: {
      store: 's',
      driver: 'memory',
      version: '1',
      boot: 'b',
      pid: 1,
      clean: false,
      replayed: 0,
      found: { quarantine: 2, recreate: 1 },
      root: sampleRoot,
      replaces: null,
    },
  },
  { type: 'SnapshotPrepared', data: { id: 1, key: 'a', kind: 'active', parent: '', parentId: null, labels: {} } },
  { type: 'SnapshotPrepared', data: { id: 2, key: 'v', kind: 'view', parent: '', parentId: null, labels: {} } },
  {
    type: 'SnapshotCommitted',
    data: { id: 1, key: 'a', name: 'c', parent: '', parentId: null, labels: {}, flushed: true },
  },
  {
    type: 'SnapshotRemoved',
    data: {
      id: 2,
      key: 'v',
      kind: 'view',
      parent: '',
      parentId: null,
      labels: {},
      created: 0n,
      updated: 0n,
      retained: false,
    },
  },
];

test('shows the state of forwarding, and nothing if it is off', async ({ metrics }) => {
  assert.not.match((await metrics.text()).body, /^snapledger_forward/m);
  const status: ForwardStatus = { state: 'retrying', position: 3, failures: 2, error: 'no answer', hint: '' };
  metrics.watchForwarding(() => status);
  const events = new Subject<Envelope>();
  const state = { ...emptyState(), position: 10 };
  const journal = { durable: state, latest: state, rollbacks: 0, delivered: 10, events, log: createMemoryEventLog() };
  metrics.watch(journal, createPipelines({ journal, logger: silent }));
  assert.is(await reading(metrics, 'snapledger_forward_position'), 3);
  assert.is(await reading(metrics, 'snapledger_forward_lag_events'), 7);
  assert.is(await reading(metrics, 'snapledger_forward_failures'), 2);
  const name = 'snapledger_forward_state';
  assert.is(await reading(metrics, `${name}{state="retrying",error="no answer"}`), 1);
  assert.is(await reading(metrics, `${name}{state="stopped",error=""}`), 0);
});

test('counts calls by method and status, with their durations', async ({ metrics }) => {
  metrics.call('Prepare', 'OK', 0.002);
  metrics.call('Prepare', 'OK', 0.02);
  metrics.call('Remove', 'NOT_FOUND', 0.001);
  const name = 'snapledger_call_duration_seconds';
  assert.is(await reading(metrics, `${name}_count{method="Prepare",code="OK"}`), 2);
  assert.is(await reading(metrics, `${name}_bucket{le="0.001",method="Prepare",code="OK"}`), 0);
  assert.is(await reading(metrics, `${name}_bucket{le="0.0025",method="Prepare",code="OK"}`), 1);
  assert.is(await reading(metrics, `${name}_bucket{le="60",method="Prepare",code="OK"}`), 2);
  assert.is(await reading(metrics, `${name}_count{method="Remove",code="NOT_FOUND"}`), 1);
  metrics.call('Cleanup', 'OK', 61);
  assert.is(await reading(metrics, `${name}_bucket{le="60",method="Cleanup",code="OK"}`), 0);
  assert.is(await reading(metrics, `${name}_bucket{le="+Inf",method="Cleanup",code="OK"}`), 1);
  assert.is(await reading(metrics, `${name}_sum{method="Cleanup",code="OK"}`), 61);
  assert.match((await metrics.text()).body, new RegExp(`^# TYPE ${name} histogram$`, 'm'));
});

test('counts batches, events and bytes of the log', async ({ metrics }) => {
  metrics.flushed(3, 900, 0.001);
  metrics.flushed(1, 100, 0.002);
  assert.is(await reading(metrics, 'snapledger_log_events_total'), 4);
  assert.is(await reading(metrics, 'snapledger_log_bytes_total'), 1000);
  assert.is(await reading(metrics, 'snapledger_log_flush_seconds_count'), 2);
});

test('counts durable events and shows the state of the journal', async ({ metrics }) => {
  const events = new Subject<Envelope>();
  const journal = {
    durable: emptyState(),
    latest: emptyState(),
    rollbacks: 4,
    delivered: 0,
    events,
    log: createMemoryEventLog(),
  };
  metrics.watch(journal, createPipelines({ journal, logger: silent, onFailure: metrics.pipelineFailed }));
  facts.forEach((event, at) => {
    const envelope = enveloped(event, at + 1);
    journal.durable = evolve(journal.durable, envelope);
    events.next(envelope);
  });
  const purged: Event = { type: 'VolumePurged', data: { id: 9, why: 'removed', bytes: 4096 } };
  events.next(enveloped(purged, 6));
  assert.is(await reading(metrics, 'snapledger_events_total{type="SnapshotPrepared"}'), 2);
  assert.is(await reading(metrics, 'snapledger_snapshots{kind="committed"}'), 1);
  assert.is(await reading(metrics, 'snapledger_snapshots{kind="view"}'), 0);
  assert.is(await reading(metrics, 'snapledger_volumes_pending_purge'), 1);
  assert.is(await reading(metrics, 'snapledger_log_durable_position'), 5);
  assert.is(await reading(metrics, 'snapledger_log_rollbacks'), 4);
  assert.is(await reading(metrics, 'snapledger_recovery_actions_total{action="quarantine"}'), 2);
  assert.is(await reading(metrics, 'snapledger_purges_total'), 1);
  assert.is(await reading(metrics, 'snapledger_purged_bytes_total'), 4096);
});

test('shows the lag of background work and readers, and failures', async ({ metrics }) => {
  const journal = { durable: { ...emptyState(), position: 9 }, latest: emptyState(), rollbacks: 0 };
  const source = { ...journal, delivered: 9, events: new Subject<Envelope>(), log: createMemoryEventLog() };
  const pipelines = createPipelines({ journal: source, logger: silent, onFailure: metrics.pipelineFailed });
  metrics.watch(journal, pipelines);
  const broken = pipelines.start({
    name: 'broken',
    handle: () => {
      throw new Error('no');
    },
  });
  journal.durable = { ...emptyState(), position: 12 };
  source.events.next(enveloped({ type: 'VolumeFlushed', data: { id: 1 } }, 10));
  assert.is(await reading(metrics, 'snapledger_pipeline_lag_events{pipeline="broken"}'), 3);
  assert.is(await reading(metrics, 'snapledger_pipeline_lag_events{pipeline="metrics"}'), 2);
  assert.is(await reading(metrics, 'snapledger_pipeline_failures_total{pipeline="broken"}'), 1);
  broken.close();
  assert.is(await reading(metrics, 'snapledger_pipeline_lag_events{pipeline="broken"}'), undefined);
  metrics.watchFeed({ position: 12, subscribers: new Set([{ position: 4 }, { position: 99 }]) });
  metrics.dropped();
  assert.is(await reading(metrics, 'snapledger_subscribers'), 2);
  assert.is(await reading(metrics, 'snapledger_subscriber_lag_events'), 8);
  assert.is(await reading(metrics, 'snapledger_subscribers_dropped_total'), 1);
});

test('counts reports to the operator, and failed undos separately', async ({ metrics }) => {
  const logger = metrics.counting(silent);
  logger.info({}, 'fine');
  logger.error({ id: 1 }, 'undo failed');
  logger.warn({}, 'checkpoint skipped');
  assert.is(await reading(metrics, 'snapledger_undo_failures_total'), 1);
  assert.is(await reading(metrics, 'snapledger_log_messages_total{level="warn",message="checkpoint skipped"}'), 1);
});

test('shows the version and the event loop lag', async ({ metrics }) => {
  assert.is(await reading(metrics, 'snapledger_build_info{version="1.2.3"}'), 1);
  assert.type(await reading(metrics, 'snapledger_resident_memory_bytes'), 'number');
  assert.match((await metrics.text()).body, 'snapledger_event_loop_delay_seconds');
});

test.run();
