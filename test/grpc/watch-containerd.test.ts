import { join } from 'node:path';
import { Server, ServerCredentials, type ServerWritableStream } from '@grpc/grpc-js';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { eventsService } from '../../src/grpc/events-protocol.ts';
import { createContainerdWatch } from '../../src/grpc/watch-containerd.ts';
import type { ContainerdEvent } from '../../src/ports/containerd-events.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';
import { waitFor } from '../support/wait-for.ts';

interface Context {
  sandbox: Sandbox;
  address: string;
}

const test = suite<Context>('watch containerd');
test.before.each((context) => {
  context.sandbox = createSandbox('watch');
  context.address = join(context.sandbox.path, 'c.sock');
});
test.after.each(({ sandbox }) => sandbox.close());

const envelope = (topic: string, value: Buffer) => ({
  ...{ topic, namespace: 'k8s.io', timestamp: { seconds: '1790000000', nanos: 7 } },
  event: { url: 'x', value },
});
const text = (name: string) => {
  const bytes = Buffer.from(name);
  const length = bytes.length < 128 ? [bytes.length] : [(bytes.length & 0x7f) | 0x80, bytes.length >> 7];
  return Buffer.concat([Buffer.from([0x0a, ...length]), bytes, Buffer.from([0x12, 0])]);
};

/** Plays containerd: sends these, and keeps the stream. */
async function containerdAt({ address }: Context, envelopes: readonly object[]) {
  const asked: unknown[] = [];
  const server = new Server();
  server.addService(eventsService, {
    Subscribe: (stream: ServerWritableStream<object, object>) => {
      asked.push(stream.request);
      for (const one of envelopes) stream.write(one);
      if (envelopes.length === 0) stream.sendMetadata(stream.metadata);
    },
  });
  await new Promise<void>((resolve, reject) =>
    server.bindAsync(`unix:${address}`, ServerCredentials.createInsecure(), (error) =>
      error ? reject(error) : resolve(),
    ),
  );
  return { asked, stop: () => server.forceShutdown() };
}

function listening({ address, sandbox }: Context) {
  const events: ContainerdEvent[] = [];
  const watching: boolean[] = [];
  const watch = createContainerdWatch(address)({
    event: (event) => void events.push(event),
    watching: (now) => void watching.push(now),
  });
  sandbox.atEnd(() => watch.close());
  return { events, watching, watch };
}

test('hears what containerd tells, and asks for what explains removals', async (context) => {
  const long = 'x'.repeat(300);
  const told = [envelope('/images/delete', text('app:1')), envelope('/containers/delete', text(long))];
  const { asked, stop } = await containerdAt(context, [...told, envelope('/images/delete', Buffer.from([0x12, 0]))]);
  context.sandbox.atEnd(stop);
  const { events } = listening(context);
  await waitFor('three events', () => events.length === 3);
  assert.equal(events[0], {
    ...{ topic: '/images/delete', namespace: 'k8s.io', name: 'app:1', at: 1_790_000_000_000_000_007n },
  });
  assert.is(events[1]?.name, long);
  assert.is(events[2]?.name, '');
  assert.match(JSON.stringify(asked), 'topic==');
});

test('asks again when containerd was not there, or has gone', async (context) => {
  const { watching, watch } = listening(context);
  await waitFor('the first failure', () => watching.length > 0);
  const first = await containerdAt(context, []);
  await waitFor('the stream', () => watching.at(-1) === true, { limit: 20_000 });
  first.stop();
  await waitFor('its end', () => watching.at(-1) === false, { limit: 20_000 });
  watch.close();
});

test.run();
