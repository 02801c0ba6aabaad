import { connect as connectHttp2, constants } from 'node:http2';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ClientReadableStream, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { either } from 'fp-ts';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Snapshot } from '../../projections/snapshot.ts';
import { refuse } from '../../src/domain/commands.ts';
import { pagesOf } from '../../src/grpc/list.ts';
import type { Info } from '../../src/grpc/messages.ts';
import { waitFor } from '../support/wait-for.ts';
import { closeEdges, definitionOf, found, type OpenedEdge, openEdge, sampleSnapshot } from './opened-edge.ts';

const list = suite('gRPC List');
list.after.each(closeEdges);

interface ListResponse {
  readonly info: readonly Info[];
}

function streamed({ client }: OpenedEdge, filters: readonly string[] = []): ClientReadableStream<ListResponse> {
  const { path, requestSerialize, responseDeserialize } = definitionOf('List');
  const deserialize = (bytes: Buffer) => responseDeserialize(bytes) as ListResponse;
  return client.makeServerStreamRequest(path, requestSerialize, deserialize, { filters }, new Metadata());
}

/** The names in each message, or the status that ended the stream. */
async function pages(edge: OpenedEdge, filters: readonly string[] = []): Promise<readonly string[][] | string> {
  const messages: string[][] = [];
  try {
    for await (const message of streamed(edge, filters))
      messages.push((message as ListResponse).info.map((info) => info.name));
    return messages;
  } catch (error) {
    const { code, details } = error as ServiceError;
    return `${status[code]}: ${details}`;
  }
}

function* many(count: number, progress = { made: 0, ended: false }): Generator<Snapshot, void> {
  try {
    for (; progress.made < count; progress.made += 1) yield sampleSnapshot(`k${progress.made}`);
  } finally {
    progress.ended = true;
  }
}

list('streams 1,000 snapshots in ten messages, in their order', async () => {
  const edge = await openEdge({ list: () => either.right(many(1_000)) });
  const messages = await pages(edge);
  assert.is(messages.length, 10);
  assert.equal(
    Array.isArray(messages) && messages.flat(),
    Array.from({ length: 1_000 }, (_, index) => `k${index}`),
  );
  assert.equal(edge.observed, ['List OK']);
});

list('answers an empty store with an empty stream', async () => {
  const edge = await openEdge({ list: () => either.right([]) });
  assert.equal(await pages(edge), []);
});

list('passes the filters on and a refusal back', async () => {
  const edge = await openEdge({
    list: (filters) => refuse('invalid-argument', `filters ${filters.join(' or ')}: wrong`),
  });
  assert.is(await pages(edge, ['a', 'b']), 'INVALID_ARGUMENT: filters a or b: wrong');
  assert.equal(edge.observed, ['List INVALID_ARGUMENT']);
});

list('ends with an error that occurs in the middle', async () => {
  const edge = await openEdge({
    list: () =>
      either.right(
        (function* () {
          yield* many(150);
          throw new Error('lost the thread');
        })(),
      ),
  });
  assert.is(await pages(edge), 'INTERNAL: lost the thread');
  assert.is(edge.errors.length, 1);
});

list('sends smaller pages if labels are large, so that none is over 16 MiB', async () => {
  const large = sampleSnapshot('k', { labels: { l: 'x'.repeat(5_000_000) } });
  assert.equal(
    [...pagesOf([large, large, sampleSnapshot('s'), large])].map((page) => page.length),
    [1, 2, 1],
  );
});

list('omits labels that fit into no message, and sends all other snapshots complete', async () => {
  const labels = Object.fromEntries(Array.from({ length: 4200 }, (_, index) => [`l${index}`, 'v'.repeat(4000)]));
  const snapshots = [sampleSnapshot('a'), sampleSnapshot('large', { labels }), sampleSnapshot('z')];
  const edge = await openEdge({
    list: () => either.right(snapshots),
    stat: () => found(sampleSnapshot('large', { labels })),
  });
  const infos: Info[] = [];
  for await (const message of streamed(edge)) infos.push(...(message as ListResponse).info);
  const whole = { 'containerd.io/gc.root': 'now' };
  assert.equal(
    infos.map((info) => [info.name, info.labels]),
    [
      ['a', whole],
      ['large', { 'snapledger/labels-left-out': '4200 labels, larger than a message' }],
      ['z', whole],
    ],
  );
  const { code, response } = await edge.call('Stat', { key: 'large' });
  assert.is(code, 'OK');
  assert.equal((response as { info: Info }).info, infos[1]);
  assert.equal(edge.observed, ['List OK', 'Stat OK']);
});

list('stops when the client hangs up, and continues to serve others', async () => {
  const progress = { made: 0, ended: false };
  const edge = await openEdge({
    list: () => either.right(many(1_000_000, progress)),
    stat: (key) => found(sampleSnapshot(key)),
  });
  const stream = streamed(edge);
  stream.on('error', () => {});
  stream.once('data', () => stream.cancel());
  await waitFor('the end of the iteration', () => progress.ended);
  assert.ok(progress.made < 1_000_000);
  assert.is((await edge.call('Stat', { key: 'k' })).code, 'OK');
  await waitFor('the call to be counted', () => edge.observed.includes('List CANCELLED'));
});

list('waits for a client that does not read', async () => {
  const progress = { made: 0, ended: false };
  const edge = await openEdge({ list: () => either.right(many(300_000, progress)) });
  // grpc-js reads ahead of its caller; http2 does not.
  const session = connectHttp2('http://localhost', { createConnection: () => connect(edge.address) });
  const stream = session.request({
    ':method': 'POST',
    ':path': definitionOf('List').path,
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  stream.on('error', () => {});
  stream.pause();
  stream.end(Buffer.alloc(5));
  let before = -1;
  await waitFor('the iteration to stand still', async () => {
    const still = progress.made === before && progress.made > 0;
    before = progress.made;
    await sleep(100);
    return still;
  });
  assert.ok(progress.made < 10_000, `${progress.made} made for a caller that reads none`);
  stream.close(constants.NGHTTP2_CANCEL);
  await waitFor('the end of the iteration', () => progress.ended);
  session.destroy();
});

list('lets other calls run between its messages', async () => {
  const progress = { made: 0, ended: false };
  const edge = await openEdge({
    list: () => either.right(many(200_000, progress)),
    stat: (key) => found(sampleSnapshot(key)),
  });
  const stream = streamed(edge);
  stream.on('error', () => {});
  await new Promise((resolve) => stream.once('data', resolve));
  await edge.call('Stat', { key: 'k' });
  assert.not.ok(progress.ended);
  stream.cancel();
  await waitFor('the end of the iteration', () => progress.ended);
});

list.run();
