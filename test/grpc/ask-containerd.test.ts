import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { Server, ServerCredentials, type ServerUnaryCall, type ServerWritableStream, status } from '@grpc/grpc-js';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createAskContainerd } from '../../src/grpc/containerd/ask-containerd.ts';
import { contentService, imagesService, namespacesService } from '../../src/grpc/containerd/services.ts';
import type { ContainerdImages } from '../../src/ports/containerd-images.ts';
import { caughtFault } from '../support/caught-fault.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';

interface Context {
  sandbox: Sandbox;
  containerd: ContainerdImages;
}
type Answer = (error: object | null, value?: object) => void;
type Unary = ServerUnaryCall<{ name: string }, object>;
type Reading = ServerWritableStream<{ digest: string; size: string }, object>;

const namespaceOf = (call: { metadata: Unary['metadata'] }) => String(call.metadata.get('containerd-namespace')[0]);
const refused = (code: number) => Object.assign(new Error('refused'), { code });
const time = (seconds: string, nanos = 0) => ({ seconds, nanos });
const images: Readonly<Record<string, readonly object[]>> = {
  a: [
    { name: 'x', target: { digest: 'sha256:1' }, created_at: time('5', 7), updated_at: time('6') },
    { name: 'zero', target: { digest: 'sha256:2' }, created_at: time('-62135596800'), updated_at: null },
    { name: 'none' },
  ],
  b: [],
};

const test = suite<Context>('ask containerd');
test.before.each(async (context) => {
  context.sandbox = createSandbox('ask');
  const address = join(context.sandbox.path, 'c.sock');
  const server = new Server();
  server.addService(namespacesService, {
    List: (_call: Unary, answer: Answer) => answer(null, { namespaces: [{ name: 'a' }, { name: 'b' }] }),
  });
  server.addService(imagesService, {
    List: (call: Unary, answer: Answer) => answer(null, { images: images[namespaceOf(call)] }),
    Get: (call: Unary, answer: Answer) => {
      if (call.request.name === 'x') return answer(null, { image: images[namespaceOf(call)]?.[0] });
      answer(refused(call.request.name === 'broken' ? status.INTERNAL : status.NOT_FOUND));
    },
  });
  server.addService(contentService, {
    Read: (stream: Reading) => {
      const { digest, size } = stream.request;
      if (digest === 'absent') return stream.emit('error', refused(status.NOT_FOUND));
      if (digest === 'no digest') return stream.emit('error', refused(status.INVALID_ARGUMENT));
      if (digest === 'damaged') return stream.emit('error', refused(status.UNKNOWN));
      if (digest === 'broken') return stream.emit('error', refused(status.UNAVAILABLE));
      // A hostile one sends more than was asked for.
      const parts = digest === 'endless' ? 1000 : Math.min(3, Number(size));
      for (let n = 0; n < parts; n++) stream.write({ data: Buffer.from('x') });
      stream.end();
    },
  });
  await new Promise<void>((resolve, reject) =>
    server.bindAsync(`unix:${address}`, ServerCredentials.createInsecure(), (error) =>
      error ? reject(error) : resolve(),
    ),
  );
  context.containerd = createAskContainerd(address)();
  context.sandbox.atEnd(() => {
    context.containerd.close();
    server.forceShutdown();
  });
});
test.after.each(({ sandbox }) => sandbox.close());

test('lists the images of all namespaces; times before 1970 count as unknown', async ({ containerd }) => {
  assert.equal(await containerd.list(), [
    { namespace: 'a', name: 'x', target: 'sha256:1', created: 5_000_000_007n, updated: 6_000_000_000n },
    { namespace: 'a', name: 'zero', target: 'sha256:2', created: 0n, updated: 0n },
    { namespace: 'a', name: 'none', target: '', created: 0n, updated: 0n },
  ]);
});

test('gets an image of a namespace, or nothing', async ({ containerd }) => {
  assert.is((await containerd.get('a', 'x'))?.target, 'sha256:1');
  assert.is(await containerd.get('a', 'y'), undefined);
  await containerd.get('a', 'broken').then(
    () => assert.unreachable(),
    (error) => assert.match(error.message, 'refused'),
  );
});

test('reads content up to a limit', async ({ containerd }) => {
  assert.is(String(await containerd.read('a', 'here', 3)), 'xxx');
  for (const digest of ['absent', 'no digest', 'endless']) assert.is(await containerd.read('a', digest, 3), undefined);
  assert.is(await containerd.read('a', 'here', 2), undefined);
  await containerd.read('a', 'broken', 3).then(
    () => assert.unreachable(),
    (error) => assert.match(error.message, 'refused'),
  );
});

test('content that containerd can not read: is a fault of its own', async ({ containerd }) => {
  const fault = await caughtFault(containerd.read('a', 'damaged', 3));
  assert.is(fault.code, 'corrupt');
  assert.match(fault.message, "content damaged: containerd can't read it: refused");
});

test('rejects if there is no answer in time', async ({ sandbox }) => {
  const address = join(sandbox.path, 'mute.sock');
  const mute = createServer((socket) => sandbox.atEnd(() => void socket.destroy())).listen(address);
  sandbox.atEnd(() => void mute.close());
  await once(mute, 'listening');
  const asking = createAskContainerd(address, 50)();
  for (const call of [() => asking.list(), () => asking.get('a', 'x'), () => asking.read('a', 'x', 1)])
    await call().then(
      () => assert.unreachable(),
      (error) => assert.match(error.message, /DEADLINE_EXCEEDED|Deadline exceeded/),
    );
  asking.close();
});

test('rejects if nothing listens', async ({ sandbox }) => {
  const nobody = createAskContainerd(join(sandbox.path, 'none.sock'))();
  await nobody.list().then(
    () => assert.unreachable(),
    (error) => assert.match(error.message, 'UNAVAILABLE'),
  );
  nobody.close();
});

test.run();
