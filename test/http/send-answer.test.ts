import { createServer } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { StreamBody } from '../../src/http/route.ts';
import { sendAnswer } from '../../src/http/send-answer.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';
import { waitFor } from '../support/wait-for.ts';
import { ask } from './ask.ts';

interface Context {
  sandbox: Sandbox;
  socketPath: string;
  stopping: AbortController;
  /** what sendAnswer rejected with */
  failed: unknown[];
}

const test = suite<Context>('sendAnswer');

test.before.each((context) => {
  context.sandbox = createSandbox('answer');
  context.socketPath = join(context.sandbox.path, 's');
  context.stopping = new AbortController();
  context.failed = [];
});
test.after.each(({ sandbox }) => sandbox.close());

async function serve(
  { sandbox, socketPath, stopping, failed }: Context,
  chunks: StreamBody['chunks'],
  stalled = 300,
): Promise<void> {
  const body = { chunks, farewell: (why: string) => `farewell: ${why}\n` };
  const server = createServer((_request, response) => {
    const answer = { status: 200, type: 'text/plain', body };
    sendAnswer(
      response,
      { method: 'GET', answer },
      { stopping: stopping.signal, limits: { stalled, farewell: 60_000 } },
    ).catch((error) => failed.push(error));
  });
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  sandbox.atEnd(() => {
    server.closeAllConnections();
    server.close();
  });
}

const until = (signal: AbortSignal) =>
  new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));

test('sends the source and ends with it', async (context) => {
  await serve(context, async function* () {
    yield 'a\n';
    yield Buffer.from('b\n');
  });
  const { body, whole, headers } = await ask(context);
  assert.equal([body, whole], ['a\nb\n', true]);
  assert.equal([headers['cache-control'], headers['x-accel-buffering']], ['no-store, no-transform', 'no']);
});

test('aborts an answer that fails in the middle, after its reason', async (context) => {
  await serve(context, async function* () {
    yield 'a\n';
    throw new Error('disk is gone');
  });
  const { body, whole } = await ask(context);
  assert.equal([body, whole], ['a\nfarewell: disk is gone\n', false]);
  assert.match(String(context.failed[0]), 'disk is gone');
});

test('ends with a message when the daemon stops', async (context) => {
  let taken = false;
  await serve(context, async function* (signal) {
    yield 'a\n';
    taken = true;
    await until(signal);
  });
  const answer = ask(context);
  await waitFor('the first line to be taken', () => taken);
  context.stopping.abort();
  const { body, whole } = await answer;
  assert.equal([body, whole], ['a\nfarewell: the daemon stops: connect again\n', false]);
});

test('reads no faster than its reader, and drops one that does not read', async (context) => {
  let asked = 0;
  let ended = false;
  await serve(context, async function* () {
    try {
      for (; asked < 100_000; asked++) yield Buffer.alloc(64 * 1024, 'x');
    } finally {
      ended = true;
    }
  });
  const socket = connect(context.socketPath, () => socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n'));
  context.sandbox.atEnd(() => void socket.destroy());
  socket.on('error', () => {});
  socket.pause();
  await waitFor('the reader to be dropped', () => ended);
  assert.ok(asked < 100, `${asked} chunks were asked for`);
  let text = '';
  socket.setEncoding('latin1').on('data', (part: string) => {
    text = (text + part).slice(-200);
  });
  socket.resume();
  await new Promise((resolve) => socket.once('close', resolve));
  assert.match(text, 'farewell: no data was read for 0.3 seconds: connect again\n');
  assert.not.match(text, '\r\n0\r\n\r\n');
});

test('waits for a slow reader as long as it reads something', async (context) => {
  const parts = 60;
  const chunks = async function* () {
    for (let n = 0; n < parts; n++) yield Buffer.alloc(64 * 1024, 'x');
  };
  // Less than all pauses together, and far more than one pause on a busy machine.
  await serve(context, chunks, 1_500);
  let bytes = 0;
  const socket = connect(context.socketPath, () =>
    socket.write('GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n'),
  );
  context.sandbox.atEnd(() => void socket.destroy());
  for await (const part of socket) {
    bytes += (part as Buffer).length;
    await pause(30);
  }
  assert.ok(bytes > parts * 64 * 1024);
});

test('closes the source when its reader has disconnected', async (context) => {
  let ended = false;
  await serve(context, async function* (signal) {
    yield 'a\n';
    await until(signal);
    ended = true;
  });
  const socket = connect(context.socketPath, () => socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n'));
  await new Promise((resolve) => socket.once('data', resolve));
  socket.destroy();
  await waitFor('the source to end', () => ended);
  assert.equal(context.failed, []);
});

test.run();
