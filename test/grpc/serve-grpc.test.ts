import { existsSync } from 'node:fs';
import { Client, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { either } from 'fp-ts';
import { service as healthService } from 'grpc-health-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { serviceName } from '../../src/grpc/protocol.ts';
import { serveGrpc } from '../../src/grpc/serve-grpc.ts';
import { Fault } from '../../src/ports/fault.ts';
import { deferred } from '../support/deferred.ts';
import { waitFor } from '../support/wait-for.ts';
import { callOn, closeEdges, createClient, found, type OpenedEdge, openEdge, sampleSnapshot } from './opened-edge.ts';

const serving = suite('gRPC server');
serving.after.each(closeEdges);
const stat = (key: string) => found(sampleSnapshot(key));

function health({ client }: OpenedEdge, name: string): Promise<unknown> {
  const { Check } = healthService;
  if (Check === undefined) throw new Error('no health check');
  const { path, requestSerialize, responseDeserialize } = Check;
  return new Promise((resolve) => {
    const done = (error: ServiceError | null, answer?: object): void =>
      resolve(error === null ? (answer as { status: string }).status : status[error.code]);
    client.makeUnaryRequest(path, requestSerialize, responseDeserialize, { service: name }, new Metadata(), done);
  });
}

/** A call that is not answered before it is released. */
function heldCall() {
  const { promise: held, resolve: release } = deferred();
  let started = false;
  const prepare = async () => {
    started = true;
    await held;
    return either.right([]);
  };
  return { prepare, release, started: () => started };
}

serving('answers health checks for the server and the service', async () => {
  const edge = await openEdge();
  assert.is(await health(edge, ''), 'SERVING');
  assert.is(await health(edge, serviceName), 'SERVING');
  assert.is(await health(edge, 'another'), 'NOT_FOUND');
  edge.server.setServing(false);
  assert.is(await health(edge, ''), 'NOT_SERVING');
  assert.is(await health(edge, serviceName), 'NOT_SERVING');
  edge.server.setServing(true);
  assert.is(await health(edge, ''), 'SERVING');
});

serving('answers unknown calls', async () => {
  const edge = await openEdge();
  const same = (bytes: Buffer): Buffer => bytes;
  const code = await new Promise((resolve) =>
    edge.client.makeUnaryRequest(`/${serviceName}/Rename`, same, same, Buffer.alloc(0), new Metadata(), (error) =>
      resolve(error?.code),
    ),
  );
  assert.is(code, status.UNIMPLEMENTED);
});

serving('refuses to share a socket', async () => {
  const edge = await openEdge({ stat });
  const logger = { info: () => {}, warn: () => {}, error: () => {} };
  const snapshots = {} as Parameters<typeof serveGrpc>[0]['snapshots'];
  const second = await serveGrpc({ snapshots, address: edge.address, logger }).catch((error: unknown) => error);
  assert.ok(second instanceof Fault && second.code === 'busy');
  assert.is((await edge.call('Stat', { key: 'k' })).code, 'OK');
});

serving('completes running calls when it drains, and accepts no others', async () => {
  const { prepare, release, started } = heldCall();
  const edge = await openEdge({ prepare, stat });
  const running = edge.call('Prepare', { key: 'k' });
  await waitFor('the call to start', started);
  const drained = edge.server.drain(60_000);
  assert.not.ok(existsSync(edge.address));
  const late = createClient(edge.address);
  assert.is((await callOn(late, 'Stat', { key: 'k' })).code, 'UNAVAILABLE');
  late.close();
  release();
  assert.is((await running).code, 'OK');
  await drained;
});

serving('aborts calls that are not answered in time', async () => {
  const { prepare, release, started } = heldCall();
  const edge = await openEdge({ prepare });
  const running = edge.call('Prepare', { key: 'k' });
  await waitFor('the call to start', started);
  await edge.server.drain(20);
  assert.is((await running).code, 'UNAVAILABLE');
  release();
  await waitFor('the call to end', () => edge.observed.length === 1);
});

/** Watches the health of a service, on a new connection. */
function watch({ address }: OpenedEdge, service: string) {
  const { Watch } = healthService;
  if (Watch === undefined) throw new Error('no health watch');
  const { path, requestSerialize, responseDeserialize } = Watch;
  const watching = new Client(`unix:${address}`, credentials.createInsecure());
  const stream = watching.makeServerStreamRequest(path, requestSerialize, responseDeserialize, { service });
  const statuses: unknown[] = [];
  stream.on('error', () => {});
  stream.on('data', ({ status: now }: { status: string }) => statuses.push(now));
  return { stream, statuses, watching };
}

serving('reports every change to clients that watch its health', async () => {
  const edge = await openEdge();
  const [known, unknown] = [watch(edge, serviceName), watch(edge, 'another')];
  await waitFor('the first answers', () => known.statuses.length + unknown.statuses.length === 2);
  edge.server.setServing(false);
  await waitFor('the change', () => known.statuses.length === 2);
  assert.equal([known.statuses, unknown.statuses], [['SERVING', 'NOT_SERVING'], ['SERVICE_UNKNOWN']]);
  for (const { watching } of [known, unknown]) watching.close();
});

serving('drains at once if connections are idle or only watch its health', async () => {
  const edge = await openEdge({ stat });
  const { stream, watching } = watch(edge, '');
  await new Promise((resolve) => stream.once('data', resolve));
  await edge.call('Stat', { key: 'k' });
  await Promise.all([edge.server.drain(3_600_000), edge.server.drain(3_600_000)]);
  watching.close();
});

serving.run();
