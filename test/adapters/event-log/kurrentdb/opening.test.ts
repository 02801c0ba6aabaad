import { createServer, type Socket } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { encodeEnvelope } from '../../../../events/envelope.ts';
import {
  inspectStream,
  readKurrentStream,
} from '../../../../src/adapters/event-log/kurrentdb/open-kurrent-event-log.ts';
import { chain, clusterId, genesisHash } from '../../../../src/adapters/event-log/kurrentdb/wire.ts';
import type { Fault } from '../../../../src/ports/fault.ts';
import { freePort } from '../../../support/free-port.ts';
import { loopbackUrl } from '../../../support/kurrent/loopback-url.ts';
import { type Cluster, now, readAll, rejection, startCluster } from './cluster.ts';

const test = suite<Cluster>('opening a log in KurrentDB');
test.before.each(async (context) => void Object.assign(context, await startCluster()));
test.after.each(({ sandbox }) => sandbox.close());

interface Ports {
  readonly free: number;
  readonly silent: number;
  readonly follower: number;
}

const brief = { retry: { answer: 4_000, outcome: 1_000 } };

test('continues the stream, given one node or a list of nodes', async ({ open, events, standIn }) => {
  const log = await open();
  await log.append(events(3), now);
  for (const url of [loopbackUrl(standIn.port, standIn.port), standIn.url]) {
    const again = await open({ url });
    assert.equal(again.end, log.end);
    assert.equal(await readAll(again, 1), events(2, 1));
  }
});

for (const [what, version, expected] of [
  ['is too old', '20.10.4', 'too old: version 20.10.4'],
  ["doesn't report its version", undefined, 'too old: it does not report its version'],
] as const)
  test(`refuses a cluster that ${what}`, async ({ open, standIn }) => {
    standIn.faults.version = version;
    const { code, message, hint } = await rejection(open(brief));
    assert.is(code, 'unsupported');
    assert.match(message, expected);
    assert.match(hint, 'upgrade it to 21.10 or newer');
  });

test('accepts the versions of the renamed server', async ({ open, standIn }) => {
  standIn.faults.version = '25.0.1.2000';
  assert.is((await open()).end.position, 0);
});

test('fails within its timeout if nothing listens or answers', async ({ open, standIn }) => {
  const port = await freePort();
  for (const url of [`kurrentdb://127.0.0.1:${port}?tls=false`, `kurrentdb+discover://127.0.0.1:${port}?tls=false`]) {
    const { code, message, hint } = await rejection(open({ ...brief, url }));
    assert.is(code, 'io');
    assert.match(message, `127.0.0.1:${port}`);
    assert.match(message, 'no answer from the cluster');
    assert.match(hint, 'can be reached from here');
  }
  standIn.faults.silent = true;
  assert.match((await rejection(open({ retry: { answer: 500, outcome: 600 } }))).message, 'no answer within 500 ms');
});

for (const [what, urlFor, expected] of [
  ['no server listens', ({ free }) => `kurrentdb://127.0.0.1:${free}?tls=false`, 'ECONNREFUSED'],
  [
    'a list names no node that listens',
    ({ free }) => `kurrentdb://127.0.0.1:${free},localhost:${free}?tls=false`,
    'ECONNREFUSED',
  ],
  ['a name leads nowhere', () => 'kurrentdb://nowhere.invalid:2113?tls=false', 'nowhere.invalid:2113: getaddrinfo'],
  [
    'the server does not answer',
    ({ silent }) => `kurrentdb://127.0.0.1:${silent}?tls=false`,
    'no answer within 3000 ms',
  ],
  ['the TLS handshake does not finish', ({ silent }) => `kurrentdb://127.0.0.1:${silent}`, 'no answer within 1000 ms'],
  [
    'only a follower is named',
    ({ follower }) => `kurrentdb://127.0.0.1:${follower}?tls=false`,
    'is not the leader; name all nodes',
  ],
] as const satisfies readonly (readonly [string, (ports: Ports) => string, string])[])
  test(`logs why it waits, long before it fails, if ${what}`, async ({ open, standIn, sandbox }) => {
    standIn.faults.follower = true;
    const dialled = new Set<Socket>();
    const server = createServer((socket) => void dialled.add(socket));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    sandbox.atEnd(async () => {
      for (const socket of dialled) socket.destroy();
      server.close();
    });
    const ports = {
      free: await freePort(),
      silent: (server.address() as { port: number }).port,
      follower: standIn.port,
    };
    const waiting = new AbortController();
    const waits: string[] = [];
    const onWait = ({ message }: Fault) => {
      waits.push(message);
      waiting.abort();
    };
    const retry = { answer: 10_000, notice: 3_000 };
    const failed = await rejection(open({ url: urlFor(ports), retry, onWait, signal: waiting.signal }));
    assert.is(failed.code, 'io');
    assert.is(waits.length, 1);
    assert.match(waits[0] ?? '', expected);
    assert.not.match(`${waits[0]} ${failed.message}`, /Resolution note|UNAVAILABLE/);
  });

test('asks for the leader, and reports a cluster without one', async ({ open, standIn }) => {
  standIn.faults.follower = true;
  const { code, message } = await rejection(open(brief));
  assert.is(code, 'io');
  assert.match(message, 'this node is not the leader; name all nodes');
});

test('refuses a deleted stream until it is restored', async (cluster) => {
  const { open, events, standIn, stream, store } = cluster;
  const log = await open();
  await log.append(events(3), now);
  standIn.streams.delete(stream);
  for (const opening of [() => open(), () => readKurrentStream({ url: standIn.url, store })]) {
    const { code, message, hint } = await rejection(opening());
    assert.is(code, 'corrupt');
    assert.match(message, 'the stream was deleted');
    assert.match(hint, `check the metadata of the stream ($$${stream})`);
  }
  standIn.streams.setMetadata(stream, {});
  assert.equal(await readAll(await open()), events(3), 'a soft delete that is taken back leaves no trace');
});

const stored = {
  id: '00000000-0000-4000-8000-000000000009',
  type: 'Test',
  contentType: 'application/json',
  data: Buffer.from('{}').toString('base64'),
  metadata: '',
};

test('refuses a stream with events of another writer', async ({ open, events, standIn, stream, store }) => {
  const log = await open();
  await log.append(events(3), now);
  standIn.streams.append(stream, [stored], 2);
  const { code, message, hint } = await rejection(open());
  assert.is(code, 'corrupt');
  assert.match(message, 'position 4: it does not belong to this store');
  assert.match(hint, 'no other client may write into this stream');
  const { damage } = await inspectStream({ url: standIn.url, store });
  assert.is(damage.length, 1);
});

test('refuses the stream of another store under its own name', async ({ open, events, standIn, store }) => {
  const other = await open({ store: '0b7c1e9e-3a55-4c8e-9d0a-6a1f6a3f1c11' });
  await other.append(events(2), now);
  const copied = standIn.streams.read('snapledger-0b7c1e9e-3a55-4c8e-9d0a-6a1f6a3f1c11', 0, 'forwards', 2) ?? [];
  standIn.streams.append(
    `snapledger-${store}`,
    copied.map(({ event }) => event),
    'none',
  );
  assert.match((await rejection(open())).message, 'position 1: it was changed, or does not follow');
});

test('finds a changed event on reading and on inspection', async ({ open, events, standIn, stream, store }) => {
  const log = await open();
  await log.append(events(10), now);
  standIn.streams.tamper(stream, 5, (event) => ({
    ...event,
    data: Buffer.from(Buffer.from(event.data, 'base64').toString().replace('a-6', 'a-7')).toString('base64'),
  }));
  const changed = await open();
  const { code, message } = await rejection(readAll(changed));
  assert.is(code, 'corrupt');
  assert.match(message, 'position 6: it was changed');
  assert.equal(await readAll(changed, 6), events(4, 6));
  const { position, damage } = await inspectStream({ url: standIn.url, store });
  assert.is(position, 0);
  assert.match(damage[0]?.text ?? '', 'position 6');
});

test('inspects a whole stream, and passes on errors that are no damage', async ({ open, events, standIn, store }) => {
  const log = await open();
  await log.append(events(2500), now);
  assert.equal(await inspectStream({ url: standIn.url, store }), { records: 2500, position: 2500, damage: [] });
  assert.is((await rejection(inspectStream({ url: 'http://x', store }))).code, 'misuse');
});

test('reports an event that only a newer release can read', async ({ open, events, standIn, stream, store }) => {
  const [event] = events(1);
  assert.ok(event);
  const { id, time, meta, data, position } = encodeEnvelope(event);
  const type = 'SnapshotPrepared.v99';
  const chainHash = chain(genesisHash(store), JSON.stringify({ position, id, time, type, meta, data }));
  const base64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64');
  const metadata = base64({ 'snapledger.id': id, 'snapledger.time': time, 'snapledger.chainHash': chainHash, ...meta });
  standIn.streams.append(stream, [{ ...stored, id: clusterId(chainHash), type, data: base64(data), metadata }], 'none');
  const { code, message } = await rejection(readAll(await open()));
  assert.is(code, 'unsupported');
  assert.match(message, 'position 1');
});

test('reads a stream without writing to it, up to its end', async ({ open, events, standIn, store }) => {
  const log = await open();
  await log.append(events(5), now);
  const reader = await readKurrentStream({ url: standIn.url, store });
  await log.append(events(1, 5), now);
  assert.is(reader.end.position, 5);
  assert.is(await reader.chainHashAt(6), undefined);
  assert.is(await reader.chainHashAt(5), reader.end.chainHash);
  assert.is(await reader.chainHashAt(0), await log.chainHashAt(0));
  assert.is(await reader.chainHashAt(3), await log.chainHashAt(3));
  await reader.close();
  assert.is((await rejection(readAll(reader))).code, 'stopped');
});

test.run();
