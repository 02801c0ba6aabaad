import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Envelope } from '../../../events/envelope.ts';
import { emptyState } from '../../../projections/state.ts';
import { createHttpEventSource, type DaemonAddress } from '../../../src/adapters/event-source/http.ts';
import { createPipelines } from '../../../src/app/background/pipeline.ts';
import { createFeed } from '../../../src/app/feed/feed.ts';
import { subscribe } from '../../../src/app/feed/subscribe.ts';
import { createJournal } from '../../../src/app/store/journal.ts';
import { type HttpServer, serveHttp } from '../../../src/http/serve-http.ts';
import { PositionGone } from '../../../src/ports/event-source.ts';
import { Fault } from '../../../src/ports/fault.ts';
import { silent } from '../../../src/ports/logger.ts';
import { httpSources } from '../../support/http-sources.ts';
import { createMemoryEventLog } from '../../support/memory-event-log.ts';
import { prepared } from '../../support/sample-events.ts';
import { createSandbox, type Sandbox } from '../../support/sandbox.ts';
import { waitFor } from '../../support/wait-for.ts';

interface Context {
  sandbox: Sandbox;
  socketPath: string;
}

const test = suite<Context>('the events of a daemon');
const token = '0123456789abcdef';

test.before.each((context) => {
  context.sandbox = createSandbox('http-source');
  context.socketPath = join(context.sandbox.path, 's');
});
test.after.each(({ sandbox }) => sandbox.close());

function daemon({ sandbox, socketPath }: Context) {
  const store = '0b7c1e9e-3a55-4c8e-9d0a-6a1f6a3f1c11';
  const journal = createJournal({ log: createMemoryEventLog({ store }), store, clock: () => 1n, state: emptyState() });
  const feed = createFeed({ journal, pipelines: createPipelines({ journal, logger: silent }), heartbeat: 20 });
  let id = 0;
  let server: HttpServer | undefined;
  const stop = async () => server?.close();
  sandbox.atEnd(stop);
  return {
    start: async () => {
      const loopback = { host: '127.0.0.1', port: 0, token };
      server = await serveHttp({ address: socketPath, loopback, logger: silent, sources: httpSources({ feed }) });
      return server.loopback?.port ?? 0;
    },
    stop,
    record: (count: number) =>
      journal.record(
        Array.from({ length: count }, () => prepared(++id, `ключ-${id}`)),
        { actor: {} },
      ),
  };
}

function listen(address: DaemonAddress, context: Context, from = 1) {
  const seen: Envelope[] = [];
  const errors: unknown[] = [];
  const retries: unknown[] = [];
  const subscription = subscribe({
    source: createHttpEventSource(address),
    from,
    pauses: { first: 5, max: 20 },
    onRetry: (error) => void retries.push(error),
  }).subscribe({ next: (envelope) => void seen.push(envelope), error: (error) => void errors.push(error) });
  context.sandbox.atEnd(() => subscription.unsubscribe());
  return { seen, errors, retries };
}

const upTo = (last: number) => Array.from({ length: last }, (_, index) => index + 1);

test('arrive once and in order, while the daemon stops and starts', async (context) => {
  const { start, stop, record } = daemon(context);
  const { seen, errors, retries } = listen({ socketPath: context.socketPath }, context);
  await waitFor('a try', () => retries.length > 0);
  for (let round = 0; round < 4; round++) {
    await start();
    await record(700);
    await waitFor('some of them', () => seen.length > round * 900);
    await record(300);
    await stop();
  }
  await start();
  await waitFor('the rest', () => seen.length === 4000);
  assert.equal(
    seen.map(({ position }) => position),
    upTo(4000),
  );
  assert.equal([seen[9]?.event, errors], [prepared(10, 'ключ-10'), []]);
});

test('arrive over loopback with the token', async (context) => {
  const { start, record } = daemon(context);
  await record(3);
  const url = `http://127.0.0.1:${await start()}`;
  const { seen } = listen({ url, token }, context);
  await waitFor('the events', () => seen.length === 3);
  const { errors } = listen({ url, token: 'another-token-here' }, context);
  await waitFor('the refusal', () => errors.length === 1);
  assert.match((errors[0] as Fault).message, 'the daemon answers 403: the token is not the one');
});

/** A server that answers in the daemon's place. */
async function answering({ sandbox }: Context, answer: RequestListener): Promise<DaemonAddress> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  sandbox.atEnd(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, token };
}

test('end with permanent errors, and are requested again after others', async (context) => {
  const cases: readonly [status: number, headers: Record<string, string>, body: string, final: RegExp | undefined][] = [
    [410, { 'snapledger-first': '40' }, '', /position 1 is gone: the first one after it is 40/],
    [400, {}, 'types: no such', /the daemon answers 400: types: no such/],
    [200, {}, '{"position":"1","type":"Unknown.v9"}\n', /an event can't be read/],
    [200, {}, '{"error":"the daemon stops: connect again"}\n', undefined],
    [200, {}, 'not json\n', undefined],
    [503, {}, 'too many', undefined],
  ];
  for (const [status, headers, body, final] of cases) {
    const address = await answering(context, (_request, response) => response.writeHead(status, headers).end(body));
    const { errors, retries } = listen(address, context);
    await waitFor(body, () => (final === undefined ? retries.length > 1 : errors.length > 0));
    if (final !== undefined) assert.match(String(errors[0]), final);
    else assert.is((retries[0] as Fault).code, 'io');
  }
});

test("are refused if the log ends before the reader's checkpoint", async (context) => {
  const address = await answering(context, (_request, response) =>
    response.writeHead(200, { 'snapledger-position': '10' }).end(),
  );
  const read = createHttpEventSource(address).read({
    after: 12,
    seen: true,
    types: undefined,
    signal: new AbortController().signal,
  });
  const error = await read[Symbol.asyncIterator]()
    .next()
    .catch((thrown: unknown) => thrown);
  assert.instance(error, Fault);
  assert.match((error as Fault).message, 'the log ends at position 10, but the reader has seen position 12');
  assert.not.ok(error instanceof PositionGone);
});

test.run();
