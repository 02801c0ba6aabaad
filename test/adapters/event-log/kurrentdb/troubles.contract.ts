import { randomUUID } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Envelope } from '../../../../events/envelope.ts';
import { readConnectionString } from '../../../../src/adapters/event-log/kurrentdb/connection-string.ts';
import {
  inspectStream,
  type KurrentEventLogOptions,
  openKurrentEventLog,
} from '../../../../src/adapters/event-log/kurrentdb/open-kurrent-event-log.ts';
import { eventId } from '../../../../src/app/store/journal.ts';
import type { EventLog, LogTrouble } from '../../../../src/ports/event-log.ts';
import { type Administrator, administratorOf } from '../../../support/kurrent/administrator.ts';
import { createFront, type Front } from '../../../support/kurrent/front.ts';
import { loopbackUrl } from '../../../support/kurrent/loopback-url.ts';
import { enveloped, sampleRoot } from '../../../support/sample-events.ts';
import { createSandbox, type Sandbox } from '../../../support/sandbox.ts';
import { waitFor } from '../../../support/wait-for.ts';
import { eventsOf, now, readAll, rejection } from './cluster.ts';

interface Context {
  readonly sandbox: Sandbox;
  readonly store: string;
  readonly stream: string;
  readonly administrator: Administrator;
  /** between the logs and the cluster */
  front: Front;
  open(options?: Partial<KurrentEventLogOptions>): Promise<EventLog>;
  events(count: number, after?: number, life?: string): Envelope[];
}

const reserved = { reserve: true, flush: 'now' } as const;
const retry = { answer: 2_000, outcome: 8_000, notice: 200, check: 100 };

/** The reports of a log, and a wait for them. */
function watched(log: EventLog) {
  let now: LogTrouble | undefined;
  log.onTrouble?.((trouble) => {
    now = trouble;
  });
  return {
    reports: async (text: RegExp): Promise<LogTrouble> => {
      await waitFor(`a report of ${text}, it is ${now?.fault.message}`, () => text.test(now?.fault.message ?? ''));
      return now as LogTrouble;
    },
    recovers: () => waitFor('an end of the trouble', () => now === undefined),
  };
}

/** Trouble with a stream while a log is open or closed, on a cluster of one node without TLS. */
export function troublesContract(name: string, start: (sandbox: Sandbox) => Promise<string>): void {
  const test = suite<Context>(`${name} in trouble`);
  test.before.each(async (context) => {
    const sandbox = createSandbox('troubles');
    const cluster = await start(sandbox);
    const [node = { host: '127.0.0.1', port: 2113 }] = readConnectionString(cluster).hosts;
    const front = await createFront(node.port);
    const store = randomUUID();
    const administrator = administratorOf(cluster);
    sandbox.atEnd(() => context.front.close());
    sandbox.atEnd(administrator.close);
    const url = loopbackUrl(front.port);
    const open = async (options: Partial<KurrentEventLogOptions> = {}) => {
      const { log } = await openKurrentEventLog({ url, store, retry, ...options });
      sandbox.atEnd(log.close);
      return log;
    };
    const events = (count: number, after?: number, life?: string) => eventsOf(store, count, after, life);
    Object.assign(context, {
      sandbox,
      store,
      stream: `snapledger-${store}`,
      administrator,
      front,
      open,
      events,
      behind: node.port,
    });
  });
  test.after.each(({ sandbox }) => sandbox.close());

  test('continues by itself when the cluster is back, with the pending appends', async (context) => {
    const { open, events, front } = context;
    const log = await open();
    const { reports, recovers } = watched(log);
    await log.append(events(2), now);
    await front.close();
    const appended = Promise.all([log.append(events(2, 2), now), log.append(events(1, 4), now)]);
    const { refuses, fault } = await reports(/does not answer/);
    assert.is(refuses, 'none');
    assert.match(fault.hint, 'the daemon then continues by itself');
    context.front = await createFront((context as unknown as { behind: number }).behind, front.port);
    await appended;
    await recovers();
    assert.equal(await readAll(log), events(5));
  });

  test('reports that the cluster is away while nothing is written, and that it is back', async (context) => {
    const { open, events, front } = context;
    const log = await open();
    await log.append(events(1), now);
    const { reports, recovers } = watched(log);
    await front.close();
    assert.match((await reports(/no answer from the cluster/)).fault.message, 'ECONNREFUSED');
    context.front = await createFront((context as unknown as { behind: number }).behind, front.port);
    await recovers();
    await log.append(events(1, 1), now);
  });

  test('closes at once while the cluster does not answer, and settles the rest at the next opening', async (context) => {
    const { open, events, front } = context;
    const log = await open();
    await log.append(events(1), now);
    const { reports } = watched(log);
    await front.close();
    const appended = rejection(log.append(events(1, 1), now));
    await reports(/does not answer/);
    await log.close();
    const { code, message } = await appended;
    assert.is(code, 'io');
    assert.match(message, 'it is unknown whether 1 events were written');
    context.front = await createFront((context as unknown as { behind: number }).behind, front.port);
    const again = await open();
    await again.append(events(1, again.end.position), now);
  });

  test('rejects appends while the stream is deleted, and continues when it is restored', async (context) => {
    const { open, events, administrator, stream } = context;
    const log = await open();
    const { reports, recovers } = watched(log);
    await log.append(events(3), now);
    await administrator.delete(stream);
    const { fault, refuses } = await reports(/the stream was deleted/);
    assert.is(refuses, 'all');
    assert.match(fault.hint, `metadata of the stream ($$${stream})`);
    assert.match((await rejection(log.append(events(1, 3), reserved))).message, /the stream was deleted/);
    assert.is((await rejection(open())).code, 'corrupt');
    await administrator.setMetadata(stream, {});
    await recovers();
    await log.append(events(1, 3), now);
    assert.equal(await readAll(log), events(4));
    assert.equal(await readAll(await open()), events(4));
  });

  for (const [limit, metadata, expected] of [
    ['$maxCount', { maxCount: 2 }, /events expire at the cluster \(\$maxCount=2\)/],
    ['$maxAge', { maxAge: 3_600 }, /events expire at the cluster \(\$maxAge=3600\)/],
  ] as const)
    test(`accepts only required events while ${limit} is set, and all when it is removed`, async (context) => {
      const { open, events, administrator, stream } = context;
      const log = await open();
      const { reports, recovers } = watched(log);
      await log.append(events(3), now);
      await administrator.setMetadata(stream, metadata);
      const { fault, refuses } = await reports(expected);
      assert.is(refuses, 'ordinary');
      assert.match(fault.hint, 'when $maxCount, $maxAge and $tb are removed');
      assert.match((await rejection(log.append(events(1, 3), now))).message, /accepts no such events for now/);
      await log.append(events(1, 3), reserved);
      await administrator.setMetadata(stream, {});
      await recovers();
      await log.append(events(1, 4), now);
      assert.equal(await readAll(log), events(5));
    });

  test('reports that the start of the stream has expired', async ({ open, events, administrator, stream }) => {
    const log = await open();
    const { reports, recovers } = watched(log);
    await log.append(events(5), now);
    await administrator.setMetadata(stream, { truncateBefore: 3 });
    assert.is((await reports(/positions 1 to 3 are not shown any more.*\(\$tb=3\)/)).refuses, 'ordinary');
    await administrator.setMetadata(stream, {});
    await recovers();
  });

  test('opens a stream without its first events, and reads the others', async (context) => {
    const { open, events, administrator, stream, store, front } = context;
    const log = await open();
    await log.append(events(9), now);
    const chainHashes = await Promise.all([7, 8, 9].map((position) => log.chainHashAt(position)));
    await administrator.setMetadata(stream, { maxCount: 3 });
    const again = await open();
    assert.is(again.end.position, 9);
    assert.is(again.gone?.upTo, 6);
    assert.match(again.gone?.fault.message ?? '', /positions 1 to 6 are not shown any more.*\$maxCount=3/);
    for (const after of [0, 3, 6]) assert.equal(await readAll(again, after), events(3, 6));
    assert.equal(await readAll(again, 7), events(2, 7));
    assert.equal(await Promise.all([7, 8, 9].map((position) => again.chainHashAt(position))), chainHashes);
    assert.is(await again.chainHashAt(6), undefined);
    const url = loopbackUrl(front.port);
    const { records, position, damage } = await inspectStream({ url, store });
    assert.equal([records, position], [3, 9]);
    assert.match(damage[0]?.text ?? '', 'positions 1 to 6');
    await administrator.setMetadata(stream, { maxCount: 1 });
    const last = await open();
    assert.equal([last.end, last.gone?.upTo], [log.end, 8]);
  });

  test('reports why if no event is left', async ({ open, events, administrator, stream }) => {
    const log = await open();
    await log.append(events(2), now);
    await administrator.setMetadata(stream, { maxAge: 1 });
    await waitFor('the last event to expire', async () => {
      const found = await open().catch((error: Error) => error);
      return /no event of it is shown: events expire at the cluster \(\$maxAge=1\)/.test(String(found));
    });
    await administrator.setMetadata(stream, {});
    assert.equal(await readAll(await open()), events(2));
  });

  const opening = (pid: number): Envelope['event'] => ({
    type: 'StoreOpened',
    data: {
      store: 's',
      driver: 'memory',
      version: '0',
      boot: 'b',
      pid,
      clean: true,
      replayed: 0,
      found: {},
      root: { ...sampleRoot, path: `/root-${pid}` },
      replaces: null,
    },
  });
  const opened = (store: string, pid: number, after: number): Envelope[] =>
    enveloped([opening(pid)], after).map((envelope) => ({ ...envelope, id: eventId(store, envelope.position) }));

  test('names another writer while idle, and stops', async ({ open, events, store }) => {
    const log = await open();
    await log.append(opened(store, 11, 0), now);
    const { reports } = watched(log);
    const other = await open();
    await other.append(opened(store, 12, 1), now);
    await other.append(events(3, 2), now);
    const { fault } = await reports(/another writer has written position 2: process 12 on node-1, root \/root-12/);
    assert.is(fault.code, 'busy');
    assert.match((await rejection(log.append(events(1, 1), now))).message, /process 12 on node-1/);
  });

  test('names a writer that wrote before it', async ({ open, events, store }) => {
    const log = await open();
    await log.append(opened(store, 11, 0), now);
    const late = await open({ retry: { ...retry, check: 60_000 } });
    await log.append(events(3, 1), now);
    assert.equal(await readAll(late), opened(store, 11, 0), 'what came since is not read');
    const { code, message } = await rejection(late.append(opened(store, 12, 1), now));
    assert.is(code, 'busy');
    assert.match(message, 'another writer has written position 2: process 11 on node-1, root /root-11');
  });

  test('names no writer if none has recorded its opening, least of all itself', async ({ open, events, store }) => {
    const log = await open({ retry: { ...retry, check: 60_000 } });
    await log.append(opened(store, 11, 0), now);
    await (await open()).append(events(1, 1, 'b'), now);
    const { message } = await rejection(log.append(events(1, 1), now));
    assert.match(message, /another writer has written position 2$/);
  });

  test('refuses an event that is too large for the cluster, with position and size, and continues', async (context) => {
    const { open, events } = context;
    const log = await open({ largest: Number.POSITIVE_INFINITY });
    await log.append(events(1), now);
    const large = events(1, 1).map((envelope) => ({ ...envelope, meta: { actor: 'x'.repeat(1_100_000) } }));
    const { code, message, hint } = await rejection(log.append(large, now));
    assert.is(code, 'too-large');
    assert.match(
      message,
      /the event at position 2: 11\d{5} bytes are more than the cluster accepts: .*its MaxAppendSize is 1048576 bytes/,
    );
    assert.match(hint, /set MaxAppendSize of the cluster to 11\d{5} or more/);
    await log.append(events(2, 1), now);
    assert.equal(await readAll(log), events(3));
  });

  test.run();
}
