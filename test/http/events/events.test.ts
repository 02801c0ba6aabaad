import { connect } from 'node:net';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { WireEnvelope } from '../../../events/envelope.ts';
import type { Event } from '../../../events/registry.ts';
import { emptyState } from '../../../projections/state.ts';
import { createPipelines } from '../../../src/app/background/pipeline.ts';
import { createFeed } from '../../../src/app/feed/feed.ts';
import { createJournal, type Journal } from '../../../src/app/store/journal.ts';
import { serveHttp } from '../../../src/http/serve-http.ts';
import { silent } from '../../../src/ports/logger.ts';
import { filesOf } from '../../app/audit/memory-files.ts';
import { httpSources } from '../../support/http-sources.ts';
import { createMemoryEventLog } from '../../support/memory-event-log.ts';
import { committed, prepared } from '../../support/sample-events.ts';
import { createSandbox, type Sandbox } from '../../support/sandbox.ts';
import { waitFor } from '../../support/wait-for.ts';
import { type Answered, ask } from '../ask.ts';

interface Context {
  sandbox: Sandbox;
  socketPath: string;
  journal: Journal;
  dropped: string[];
  subscribers: () => number;
}

const test = suite<Context>('GET /events');
const store = '0b7c1e9e-3a55-4c8e-9d0a-6a1f6a3f1c11';

test.before.each(async (context) => {
  context.sandbox = createSandbox('events');
  context.socketPath = join(context.sandbox.path, 's');
  const log = createMemoryEventLog({ store });
  const journal = createJournal({ log, store, clock: () => 1_790_000_000_123_456_789n, state: emptyState() });
  // As after a repair: events before position 3 can no longer be read.
  const lacking = { read: (after: number) => log.read(Math.max(after, 2)) };
  const feed = createFeed({
    journal: {
      ...journal,
      log: lacking,
      get durable() {
        return journal.durable;
      },
    },
    pipelines: createPipelines({ journal, logger: silent }),
    heartbeat: 100,
  });
  context.journal = journal;
  context.dropped = [];
  context.subscribers = () => feed.subscribers.size;
  const server = await serveHttp({
    address: context.socketPath,
    logger: silent,
    sources: httpSources({ feed, files: filesOf(log), onDrop: (why) => void context.dropped.push(why) }),
    limits: { stalled: 400, farewell: 5000 },
  });
  context.sandbox.atEnd(() => server.close());
  for (let id = 1; id <= 10; id++) await record(context, prepared(id, `default/${id}/key`));
});
test.after.each(({ sandbox }) => sandbox.close());

const record = ({ journal }: Context, ...events: Event[]) =>
  journal.record(events, { actor: { actor: 'containerd', namespace: 'default', trace: '00-ab-cd-01' } });

const get = ({ socketPath }: Context, query: string, headers: Record<string, string> = {}, method = 'GET') =>
  ask({ socketPath, path: `/events${query}`, headers, method });

const positions = ({ body }: Answered) =>
  body
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => Number((JSON.parse(line) as WireEnvelope).position));

/** A reader that follows: what it has received so far, and its end. */
function follow({ socketPath, sandbox }: Context, path: string, headers: readonly string[] = []) {
  let text = '';
  const socket = connect(socketPath, () =>
    socket.write([`GET ${path} HTTP/1.1`, 'host: x', ...headers, '', ''].join('\r\n')),
  );
  socket.setEncoding('utf8').on('data', (part: string) => {
    text += part;
  });
  socket.on('error', () => {});
  sandbox.atEnd(() => void socket.destroy());
  return { socket, text: () => text };
}

test('sends one event per line, from a position to the end of the log', async (context) => {
  const answer = await get(context, '?from=8');
  assert.equal([answer.status, answer.whole, positions(answer)], [200, true, [8, 9, 10]]);
  assert.is(answer.headers['content-type'], 'application/x-ndjson');
  assert.equal([answer.headers['snapledger-store'], answer.headers['snapledger-position']], [store, '10']);
  const first = JSON.parse(answer.body.split('\n')[0] ?? '') as WireEnvelope;
  assert.equal([first.type, first.meta.namespace], ['SnapshotPrepared.v1', 'default']);
});

test('answers HEAD with only the end position', async (context) => {
  const answer = await get(context, '?from=3', {}, 'HEAD');
  assert.equal([answer.status, answer.body, answer.headers['snapledger-position']], [200, '', '10']);
});

test('sends an empty body past the end, even far past it, unless it follows', async (context) => {
  for (const from of ['11', '1000', '9007199254740993', '9223372036854775807']) {
    const answer = await get(context, `?from=${from}`);
    assert.equal([answer.status, answer.body, answer.whole], [200, '', true], from);
  }
});

test('follows the log, from past the end as well', async (context) => {
  const reader = follow(context, '/events?from=12&follow=1');
  await waitFor('the reader', () => context.subscribers() === 1);
  await record(context, prepared(11, 'eleven'), prepared(12, 'twelve'));
  await record(context, prepared(13, 'thirteen'));
  await waitFor('the events', () => reader.text().includes('thirteen'));
  assert.not.match(reader.text(), 'eleven');
  assert.match(reader.text(), 'twelve');
});

test('answers 410 with the first available position if an earlier one has expired', async (context) => {
  for (const query of ['', '?from=0', '?from=1', '?from=2&follow=1']) {
    const answer = await get(context, query);
    assert.is(answer.status, 410, query);
    assert.match(answer.body, 'the first one after it is 3');
    assert.is(answer.headers['snapledger-first'], '3');
  }
});

test('sends messages with the position as id, and continues after Last-Event-ID', async (context) => {
  const accept = 'accept: text/event-stream';
  const reader = follow(context, '/events?from=3', [accept, 'last-event-id: 8']);
  await waitFor('the past', () => reader.text().includes('id: 10\n'));
  await record(context, prepared(11, 'eleven'));
  await waitFor('the new one', () => reader.text().includes('eleven'));
  const [head = '', ...rest] = reader.text().split('\r\n\r\n');
  assert.match(head, 'content-type: text/event-stream');
  const ids = [...rest.join('').matchAll(/^id: (\d+)\ndata: (.*)$/gm)];
  assert.equal(
    ids.map(([, id, data]) => [id, (JSON.parse(data ?? '') as WireEnvelope).position]),
    [
      ['9', '9'],
      ['10', '10'],
      ['11', '11'],
    ],
  );
});

test('sends heartbeats while idle: comments with the position, or empty lines', async (context) => {
  const messages = follow(context, '/events?from=10', ['accept: text/event-stream']);
  const lines = follow(context, '/events?from=11&follow=1');
  await waitFor(
    'heartbeats',
    () => messages.text().includes(': nothing new\nid: 10\n\n') && /\n\r\n1\r\n\n/.test(lines.text()),
  );
});

test('sends CloudEvents on request: one per line, as a list, as messages', async (context) => {
  await record(context, committed(1, 'default/1/key', 'default/11/sha256:c'));
  const lines = await get(context, '?from=11', { accept: 'application/cloudevents+json' });
  assert.is(lines.headers['content-type'], 'application/cloudevents+json');
  const { id, data, correlationid, ...event } = JSON.parse(lines.body);
  for (const uuid of [id, correlationid]) assert.match(uuid, /^[0-9a-f-]{36}$/);
  assert.equal(event, {
    specversion: '1.0',
    source: `urn:uuid:${store}`,
    type: 'snapledger.SnapshotCommitted.v1',
    subject: 'default/1/key',
    time: '2026-09-21T14:13:20.123456789Z',
    datacontenttype: 'application/json',
    sequence: '00000000000000000011',
    actor: 'containerd',
    namespace: 'default',
    traceparent: '00-ab-cd-01',
  });
  assert.is(data.name, 'default/11/sha256:c');
  const batch = await get(context, '?from=9', { accept: 'application/cloudevents-batch+json' });
  assert.equal(
    JSON.parse(batch.body).map(({ sequence }: { sequence: string }) => Number(sequence)),
    [9, 10, 11],
  );
  assert.is((await get(context, '?from=99', { accept: 'application/cloudevents-batch+json' })).body, '[]\n');
  const messages = await get(context, '?from=11&follow=0', {
    accept: 'text/event-stream, application/cloudevents+json',
  });
  assert.match(messages.body, /^id: 11\ndata: \{"specversion":"1.0"/);
  const endless = await get(context, '?from=9&follow=1', { accept: 'application/cloudevents-batch+json' });
  assert.equal([endless.status, endless.body.includes('application/cloudevents+json')], [400, true]);
});

test('filters by type and by the history of a key', async (context) => {
  await record(context, committed(4, 'default/4/key', 'layer'), {
    type: 'UsageMeasured',
    data: { id: 4, bytes: 1, inodes: 1 },
  });
  await record(context, prepared(11, 'other'), { type: 'UsageMeasured', data: { id: 11, bytes: 1, inodes: 1 } });
  assert.equal(positions(await get(context, '?from=3&types=SnapshotCommitted,UsageMeasured')), [11, 12, 14]);
  assert.equal(positions(await get(context, '?from=3&key=layer')), [11, 12]);
  assert.equal(positions(await get(context, '?from=12&key=default/4/key')), [12]);
  assert.equal(positions(await get(context, '?from=3&key=default/4/key&types=UsageMeasured')), [12]);
  assert.equal(positions(await get(context, '?from=3&key=4')), [11, 12]);
  assert.is((await get(context, '?from=3&key=key')).status, 409);
  assert.equal(positions(await get(context, '?from=3&types=SnapshotCommitted&types=UsageMeasured')), [11, 12, 14]);
  assert.equal(positions(await get(context, '?from=3&key=nobody')), []);
  const reader = follow(context, '/events?from=15&follow=1&types=SnapshotPrepared');
  await waitFor('the reader', () => context.subscribers() === 1);
  await record(context, { type: 'VolumeFlushed', data: { id: 4 } }, prepared(12, 'twelfth'));
  await waitFor('the event', () => reader.text().includes('twelfth'));
  assert.not.match(reader.text(), 'VolumeFlushed');
});

const wrong: readonly (readonly [query: string, text: string])[] = [
  ['?from=abc', 'from: expected a position from 1 to 9223372036854775807, found "abc"'],
  ['?from=-1', 'from: expected a position'],
  ['?from=1.5', 'from: expected a position'],
  ['?from=9223372036854775808', 'from: expected a position from 1 to 9223372036854775807'],
  ['?from=99999999999999999999999', 'from: expected a position'],
  ['?from=', 'from: expected a position'],
  ['?from=3&from=4', 'from: is given more than once'],
  ['?fromm=3', 'fromm: unknown parameter, did you mean from?'],
  ['?zzzzzz=3', 'zzzzzz: unknown parameter, there are from, types, key, follow'],
  ['?types=SnapshotComitted', 'did you mean SnapshotCommitted?'],
  ['?types=SnapshotPrepared,', 'types: expected names of events'],
  ['?types=SnapshotCommitted.v1', 'did you mean SnapshotCommitted?'],
  ['?types=constructor', 'names of events (StoreCreated, '],
  ['?follow=yes', 'follow: expected 1 or 0, found "yes"'],
  ['?key=', 'key: expected a text'],
];

test('answers 400 to invalid parameters, with what was expected', async (context) => {
  for (const [query, text] of wrong) {
    const answer = await get(context, query);
    assert.is(answer.status, 400, query);
    assert.match(answer.body, text);
  }
  const last = await get(context, '', { 'last-event-id': 'x' });
  assert.equal(
    [last.status, last.body],
    [400, 'Last-Event-ID: expected a position from 1 to 9223372036854775807, found "x"\n'],
  );
});

test('answers 406 if it has no accepted format', async (context) => {
  for (const accept of ['image/png', 'application/x-ndjson;q=0', 'text/html, application/xml']) {
    const answer = await get(context, '?from=3', { accept });
    assert.equal([answer.status, answer.body.startsWith('there is application/x-ndjson')], [406, true], accept);
  }
  for (const accept of ['*/*', 'application/*', 'text/html, */*;q=0.1', 'application/json'])
    assert.is((await get(context, '?from=10', { accept })).headers['content-type'], 'application/x-ndjson', accept);
  assert.is(
    (await get(context, '?from=10&follow=0', { accept: 'text/*' })).headers['content-type'],
    'text/event-stream',
  );
});

test('drops a reader that does not read, says so, and continues for the others', async (context) => {
  const stalled = follow(context, '/events?from=3&follow=1');
  stalled.socket.pause();
  const reader = follow(context, '/events?from=3&follow=1');
  await waitFor('both', () => context.subscribers() === 2);
  const big = { 'containerd.io/snapshot.ref': 'x'.repeat(20_000) };
  for (let id = 11; id < 120; id++)
    await record(context, {
      ...prepared(id, `k${id}`),
      data: { ...prepared(id, `k${id}`).data, labels: big },
    } as Event);
  await waitFor('the drop', () => context.dropped.length === 1);
  assert.match(context.dropped[0] ?? '', 'no data was read for 0.4 seconds');
  await record(context, prepared(200, 'last'));
  await waitFor('the other', () => reader.text().includes('"last"'));
  stalled.socket.resume();
  await new Promise((resolve) => stalled.socket.once('close', resolve));
  assert.match(stalled.text(), '{"error":"no data was read for 0.4 seconds: connect again"}\n');
  assert.is(context.subscribers(), 1);
});

test('forgets a reader that disconnects', async (context) => {
  const reader = follow(context, '/events?from=3&follow=1');
  await waitFor('the reader', () => context.subscribers() === 1);
  reader.socket.destroy();
  await waitFor('its end', () => context.subscribers() === 0);
  assert.equal(context.dropped, []);
});

test.run();
