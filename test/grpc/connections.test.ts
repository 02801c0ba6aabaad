import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';
import { either } from 'fp-ts';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { deferred } from '../support/deferred.ts';
import { waitFor } from '../support/wait-for.ts';
import { callOn, closeEdges, createClient, expireAtServer, found, openEdge, sampleSnapshot } from './opened-edge.ts';

const connections = suite('gRPC connections');
connections.after.each(closeEdges);
const unhandled: unknown[] = [];
process.on('unhandledRejection', (reason) => unhandled.push(reason));

const mebibyte = 1024 * 1024;
const stat = (key: string) => found(sampleSnapshot(key));

connections('accept messages up to 16 MiB, and survive larger ones', async () => {
  const edge = await openEdge({
    stat,
    prepare: async ({ labels }) =>
      either.right([{ type: 'bind', source: `${labels.l?.length}`, target: '', options: [] }]),
  });
  const sized = (size: number) => edge.call('Prepare', { key: 'k', labels: { l: 'x'.repeat(size) } });
  const { response } = await sized(16 * mebibyte - 100);
  assert.equal(response, { mounts: [{ type: 'bind', source: `${16 * mebibyte - 100}`, target: '', options: [] }] });
  assert.is((await sized(16 * mebibyte + 1)).code, 'RESOURCE_EXHAUSTED');
  assert.is((await edge.call('Stat', { key: 'k' })).code, 'OK');
});

connections('send answers up to 16 MiB, and survive larger ones', async () => {
  const edge = await openEdge({
    mounts: async (key) => either.right([{ type: 'bind', source: 'x'.repeat(Number(key)), target: '', options: [] }]),
  });
  assert.is((await edge.call('Mounts', { key: String(16 * mebibyte - 100) })).code, 'OK');
  assert.is((await edge.call('Mounts', { key: String(16 * mebibyte + 1) })).code, 'RESOURCE_EXHAUSTED');
  assert.is((await edge.call('Mounts', { key: '1' })).code, 'OK');
});

connections('may end in the middle of a call, which still completes', async () => {
  const { promise: held, resolve: release } = deferred();
  let started = 0;
  let done = false;
  const edge = await openEdge({
    stat,
    prepare: async () => {
      started += 1;
      await held;
      done = true;
      return either.right([]);
    },
  });
  const leaving = createClient(edge.address);
  const lost = callOn(leaving, 'Prepare', { key: 'k' }, { deadline: Date.now() + 60_000 });
  await waitFor('the call to start', () => started === 1);
  leaving.getChannel().close();
  await expireAtServer(edge, 'Prepare', () => started > 1);
  release();
  await waitFor('the calls to end', () => edge.observed.length === started);
  assert.ok(done);
  assert.is((await edge.call('Stat', { key: 'k' })).code, 'OK');
  await Promise.race([lost, Promise.resolve()]);
});

connections('survive nonsense', async () => {
  const edge = await openEdge({ stat });
  for (const nonsense of ['GET / HTTP/1.1\r\n\r\n', '\0\0\0', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nnonsense nonsense']) {
    const socket = connect(edge.address);
    socket.on('error', () => {});
    await once(socket, 'connect');
    socket.end(nonsense);
    socket.resume();
    await once(socket, 'close');
  }
  assert.is((await edge.call('Stat', { key: 'k' })).code, 'OK');
});

connections('accept any number of pings', async () => {
  const edge = await openEdge({ stat });
  const session = connectHttp2('http://localhost', { createConnection: () => connect(edge.address) });
  let goaway = false;
  session.on('goaway', () => {
    goaway = true;
  });
  await once(session, 'connect');
  for (let pings = 0; pings < 50; pings += 1) await new Promise((resolve) => session.ping(resolve));
  assert.not.ok(goaway || session.closed);
  session.close();
});

connections('leave no rejection unhandled', () => {
  assert.equal(unhandled, []);
});

connections.run();
