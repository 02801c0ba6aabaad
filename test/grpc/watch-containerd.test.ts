import { once } from 'node:events';
import { mkdirSync, renameSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Server, ServerCredentials, type ServerWritableStream } from '@grpc/grpc-js';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { eventsService } from '../../src/grpc/containerd/services.ts';
import { createContainerdWatch } from '../../src/grpc/containerd/watch-containerd.ts';
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

/** Simulates containerd: sends these events and keeps the stream open; without events it sends not even headers. */
async function containerdAt({ address }: Context, envelopes: readonly object[]) {
  const asked: unknown[] = [];
  const server = new Server();
  server.addService(eventsService, {
    Subscribe: (stream: ServerWritableStream<object, object>) => {
      asked.push(stream.request);
      for (const one of envelopes) stream.write(one);
    },
  });
  await new Promise<void>((resolve, reject) =>
    server.bindAsync(`unix:${address}`, ServerCredentials.createInsecure(), (error) =>
      error ? reject(error) : resolve(),
    ),
  );
  return { asked, stop: () => server.forceShutdown() };
}

/** With a clock that stands still, the pause after a failure never ends: only another socket is connected to. */
function listening({ address, sandbox }: Context, uptime: () => number = () => 0) {
  const events: ContainerdEvent[] = [];
  const heard: boolean[] = [];
  const watch = createContainerdWatch(
    address,
    uptime,
  )({
    event: (event) => void events.push(event),
    listening: (now) => void heard.push(now),
  });
  sandbox.atEnd(() => watch.close());
  return { events, heard, watch };
}

test("records containerd's events, and queries what explains removals", async (context) => {
  const long = 'x'.repeat(300);
  const sent = [envelope('/images/delete', text('app:1')), envelope('/containers/delete', text(long))];
  const { asked, stop } = await containerdAt(context, [...sent, envelope('/images/delete', Buffer.from([0x12, 0]))]);
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

test('connects as soon as there is a socket, also in a new directory', async (context) => {
  const folder = join(context.sandbox.path, 'run', 'containerd');
  context.address = join(folder, 'c.sock');
  const { heard } = listening(context);
  mkdirSync(folder, { recursive: true });
  const { stop } = await containerdAt(context, []);
  context.sandbox.atEnd(stop);
  await waitFor('the stream', () => heard.at(-1) === true);
});

test('reconnects as soon as containerd has another socket, and reports the interruption', async (context) => {
  const first = await containerdAt(context, []);
  const { heard } = listening(context);
  await waitFor('the stream', () => heard.at(-1) === true);
  first.stop();
  await waitFor('its end', () => heard.at(-1) === false);
  const second = await containerdAt(context, []);
  context.sandbox.atEnd(second.stop);
  await waitFor('the stream', () => heard.at(-1) === true);
});

test('reconnects as soon as the socket of a killed containerd is replaced', async (context) => {
  const { address } = context;
  const killed = createServer().listen(`${address}.killed`);
  await once(killed, 'listening');
  renameSync(`${address}.killed`, address);
  killed.close();
  const { heard } = listening(context);
  await waitFor('the refusal', () => heard.at(-1) === false);
  rmSync(address);
  const { stop } = await containerdAt(context, []);
  context.sandbox.atEnd(stop);
  await waitFor('the stream', () => heard.at(-1) === true);
});

test('connects again to the same socket, after pauses that double', async (context) => {
  const refusing = createServer((socket) => socket.destroy()).listen(context.address);
  context.sandbox.atEnd(() => void refusing.close());
  await once(refusing, 'listening');
  let now = 0;
  const { heard } = listening(context, () => now);
  for (const [attempts, pause] of [200, 400, 800].entries()) {
    await waitFor('a refusal', () => heard.length === attempts + 1);
    now += pause - 1;
    await sleep(250);
    assert.is(heard.length, attempts + 1, 'no attempt within the pause');
    now += 1;
  }
  await waitFor('another refusal', () => heard.length === 4);
});

test('reports that it has stopped when it is closed', async (context) => {
  const { stop } = await containerdAt(context, []);
  context.sandbox.atEnd(stop);
  const { heard, watch } = listening(context);
  await waitFor('the stream', () => heard.at(-1) === true);
  watch.close();
  assert.is(heard.at(-1), false);
});

test.run();
