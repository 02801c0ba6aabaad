import { once } from 'node:events';
import { connect as connectHttp2, constants, type OutgoingHttpHeaders } from 'node:http2';
import { connect } from 'node:net';
import { either } from 'fp-ts';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { timeoutOf } from '../../src/grpc/call.ts';
import { framed, maxMessageBytes } from '../../src/grpc/framing.ts';
import { deferred } from '../support/deferred.ts';
import { waitFor } from '../support/wait-for.ts';
import { closeEdges, definitionOf, found, type OpenedEdge, openEdge, sampleSnapshot } from './opened-edge.ts';

const wire = suite('gRPC wire format');
wire.after.each(closeEdges);

const statPath = definitionOf('Stat').path;
const statOf = (key: string) => framed(definitionOf('Stat').requestSerialize({ key }));
const stat = (key: string) => found(sampleSnapshot(key));

/** One HTTP/2 request: the headers and trailers of the answer, and the bytes between them. */
async function ask({ address }: OpenedEdge, headers: OutgoingHttpHeaders, parts: readonly Buffer[]) {
  const session = connectHttp2('http://localhost', { createConnection: () => connect(address) });
  try {
    const stream = session.request(
      { ':method': 'POST', ':path': statPath, 'content-type': 'application/grpc', te: 'trailers', ...headers },
      { endStream: parts.length === 0 },
    );
    const received: Buffer[] = [];
    let trailers: Readonly<Record<string, unknown>> = {};
    stream.on('trailers', (late) => {
      trailers = late;
    });
    stream.on('data', (part: Buffer) => received.push(part));
    const [answered] = (await Promise.all([once(stream, 'response'), sendParts(stream, parts)]))[0];
    if (!stream.readableEnded) await once(stream, 'end');
    return { ...answered, ...trailers, body: Buffer.concat(received) };
  } finally {
    session.destroy();
  }
}

async function sendParts(stream: NodeJS.WritableStream, parts: readonly Buffer[]): Promise<void> {
  for (const part of parts.slice(0, -1)) {
    stream.write(part);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const last = parts.at(-1);
  if (last !== undefined) stream.end(last);
}

wire('accepts a request in pieces, and answers in one frame', async () => {
  const edge = await openEdge({ stat });
  const whole = statOf('k');
  const parts = [...whole].map((byte) => Buffer.from([byte]));
  for (const pieces of [[whole], parts, [...parts, Buffer.alloc(0)], [whole, Buffer.alloc(0)]]) {
    const { ':status': http, 'grpc-status': status, body } = await ask(edge, {}, pieces);
    assert.equal([http, status], [200, '0']);
    assert.is(body.readUInt32BE(1), body.length - 5);
  }
});

wire('says what is wrong with a request', async () => {
  const edge = await openEdge({ stat });
  const long = Buffer.alloc(5);
  long.writeUInt32BE(maxMessageBytes + 1, 1);
  const cases: [string, readonly Buffer[], string, string][] = [
    ['nothing', [], '13', 'request: it holds no message'],
    ['an empty frame', [Buffer.alloc(0)], '13', 'request: it holds no message'],
    ['an empty frame in a later turn', [Buffer.alloc(0), Buffer.alloc(0)], '13', 'request: it holds no message'],
    ['less than a frame', [Buffer.alloc(4)], '13', 'request: it holds no message'],
    ['a cut message', [statOf('key').subarray(0, -1)], '13', 'request: its message has 4 bytes, its frame says 5'],
    ['two messages', [statOf('k'), statOf('k')], '13', 'request: its message has 11 bytes, its frame says 3'],
    ['compression', [Buffer.from([1, 0, 0, 0, 0])], '12', 'request: messages must not be compressed'],
    ['a length beyond the limit', [long], '8', `request: a message may have ${maxMessageBytes} bytes at most`],
  ];
  for (const [name, parts, status, message] of cases) {
    const answered = await ask(edge, {}, parts);
    assert.equal([answered['grpc-status'], answered['grpc-message']], [status, message], name);
  }
  const garbage = await ask(edge, {}, [framed(Buffer.from([0x12, 0xff]))]);
  assert.is(garbage['grpc-status'], '13');
  assert.equal([...new Set(edge.observed)].sort(), ['Stat INTERNAL', 'Stat RESOURCE_EXHAUSTED', 'Stat UNIMPLEMENTED']);
});

wire('rejects what is no gRPC', async () => {
  const edge = await openEdge({ stat });
  assert.is((await ask(edge, { ':method': 'GET' }, []))[':status'], 405);
  assert.is((await ask(edge, { 'content-type': 'application/grpc-web' }, [statOf('k')]))[':status'], 415);
  assert.is((await ask(edge, { 'content-type': 'application/grpc+proto' }, [statOf('k')]))['grpc-status'], '0');
});

wire('answers a call whose deadline has passed, and lets its operation continue', async () => {
  const { promise: held, resolve: release } = deferred();
  const edge = await openEdge({ mounts: () => held.then(() => either.right([])) });
  const { path } = definitionOf('Mounts');
  const late = await ask(edge, { ':path': path, 'grpc-timeout': '20m' }, [statOf('k')]);
  assert.is(late['grpc-status'], '4');
  assert.equal(edge.observed, []);
  release();
  await waitFor('the operation to end', () => edge.observed.length === 1);
  assert.equal(edge.observed, ['Mounts DEADLINE_EXCEEDED']);
});

wire('survives clients that disconnect before and after the request', async () => {
  const edge = await openEdge({ stat });
  const session = connectHttp2('http://localhost', { createConnection: () => connect(edge.address) });
  session.on('error', () => {});
  const headers = { ':method': 'POST', ':path': statPath, 'content-type': 'application/grpc' };
  for (let turn = 0; turn < 50; turn += 1) {
    const stream = session.request(headers);
    stream.on('error', () => {});
    stream.write(statOf('k').subarray(0, turn % 7));
    await new Promise(setImmediate);
    stream.close(constants.NGHTTP2_CANCEL);
  }
  const cut = session.request(headers);
  cut.on('error', () => {});
  cut.end(statOf('k'));
  session.destroy();
  assert.is((await edge.call('Stat', { key: 'k' })).code, 'OK');
});

wire('reads timeouts in every unit, and any other as none', () => {
  assert.equal(['1H', '2M', '3S', '4m', '5000u', '6n'].map(timeoutOf), [3_600_000, 120_000, 3000, 4, 5, 1]);
  assert.equal(
    [undefined, '', '1', '1x', '-1S', '123456789S', '99999999H'].map((header) => timeoutOf(header)),
    Array.from({ length: 7 }, () => undefined),
  );
});

wire.run();
