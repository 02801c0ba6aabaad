import { execFileSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { segmentsIn } from '../adapters/event-log/file/file-log.ts';
import type { Daemon } from '../support/daemon.ts';
import { eventsOf, onDisk, verified } from '../support/inspect-store.ts';
import { createLoop, type Loop } from '../support/loop.ts';
import { requireCommand, requireFileSystem, suiteNeeding } from '../support/requirements.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';
import { CallFailure, type SnapshotsClient } from '../support/snapshots-client.ts';
import { waitFor } from '../support/wait-for.ts';
import { collectGarbage } from './collect-garbage.ts';
import { btrfs, driversUnderTest, overlay } from './drivers.ts';
import { createServing, type Serving } from './serving.ts';

interface Context {
  sandbox: Sandbox;
  loop: Loop;
  serving: Serving;
  daemon: Daemon;
  client: SnapshotsClient;
}

const answerTo = (call: Promise<unknown>) =>
  call.then(
    () => 'OK',
    (error) => (error instanceof CallFailure ? `${error.code}: ${error.message}` : String(error)),
  );

async function begin(context: Context, driver: string, loop: Loop, settings = ''): Promise<void> {
  context.loop = loop;
  context.sandbox.atEnd(loop.end);
  const root = join(loop.path, 'root');
  context.serving = createServing(context.sandbox, { driver, root, settings });
  context.daemon = await context.serving.start();
  context.client = context.serving.connect();
  await context.client.prepare('extract');
  await context.client.commit('base', 'extract');
  await context.client.prepare('k', { parent: 'base' });
}

/** From now on the process opens nothing more, or as many files again as before. */
function allowFiles({ pid }: Daemon, count: number): void {
  execFileSync('prlimit', [`--pid=${pid}`, `--nofile=${count}:`]);
}

/** Nothing is unexplained, all can be removed, and a new start finds the same. */
async function expectInOrder({ client, serving, daemon }: Context): Promise<void> {
  const { status, text } = await verified(serving.root);
  assert.is(status, 0, text);
  await collectGarbage(client);
  await waitFor('the disk to be empty', () => onDisk(serving.root).snapshots.length === 0);
  client.close();
  await daemon.stop();
  assert.is((await eventsOf(serving.root)).at(-1), 'StoreClosed');
}

const needs = driversUnderTest.flatMap((driver) => driver.needs);
const test = suiteNeeding<Context>('a failing system', ...needs, requireFileSystem('ext4'), requireCommand('prlimit'));
test.before.each((context) => {
  context.sandbox = createSandbox('failing-system');
});
test.after.each(({ sandbox }) => sandbox.close());

test('out of descriptors: refuses what needs one, removes, and recovers', async (context) => {
  await begin(context, btrfs.name, createLoop('btrfs'));
  const { client, daemon, serving } = context;
  allowFiles(daemon, 1);
  const answer = await answerTo(client.prepare('new', { parent: 'base' }));
  assert.match(answer, /^RESOURCE_EXHAUSTED: .*EMFILE.*LimitNOFILE/);
  assert.match(await answerTo(client.commit('n', 'k')), /^RESOURCE_EXHAUSTED: /);
  assert.is(await answerTo(client.remove('k')), 'OK');
  await waitFor('the purge to be tried', () => serving.lastWords().includes('purge failed'));
  allowFiles(daemon, 1024);
  await client.prepare('new', { parent: 'base' });
  await client.commit('n', 'new');
  await waitFor('the purge', () => !existsSync(join(serving.root, 'snapshots', '2')));
  await expectInOrder(context);
});

test('out of descriptors: keeps the log if no new segment can be opened, and rotates later', async (context) => {
  await begin(context, 'overlay', createLoop('ext4'), '[log]\nsegment_bytes = "64KiB"');
  const { client, daemon, serving } = context;
  const large = Object.fromEntries(Array.from({ length: 12 }, (_, n) => [`l${n}`, 'x'.repeat(4000)]));
  writeFileSync(join(overlay.layer(serving.root, { id: 2, kind: 'active' }), 'file'), 'x');
  allowFiles(daemon, 1);
  assert.match(await answerTo(client.usage('k')), /^RESOURCE_EXHAUSTED: .*EMFILE/);
  const answers: string[] = [];
  for (let n = 0; n < 3; n++)
    answers.push(await answerTo(client.prepare(`many ${n}`, { parent: 'base', labels: large })));
  assert.is(answers[0], 'OK');
  assert.match(answers.at(-1) ?? '', /^RESOURCE_EXHAUSTED: .*EMFILE/);
  assert.is(await answerTo(client.remove('k')), 'OK');
  assert.is(segmentsIn(join(serving.root, 'log')).length, 1);
  allowFiles(daemon, 1024);
  assert.is(await answerTo(client.prepare('after', { parent: 'base' })), 'OK');
  assert.is(segmentsIn(join(serving.root, 'log')).length, 2);
  await expectInOrder(context);
});

test('read-only file system: refuses changes, serves reads, and keeps running', async (context) => {
  await begin(context, 'overlay', createLoop('ext4', { mount: ['errors=remount-ro'] }));
  const { client, loop, serving } = context;
  execFileSync('mount', ['-o', 'remount,abort', loop.path], { stdio: 'ignore' });
  for (let n = 0; n < 3; n++)
    assert.match(
      await answerTo(client.prepare(`new ${n}`, { parent: 'base' })),
      /^UNAVAILABLE: .*(?:EROFS|ext4 refuses all writes).*read-write/,
    );
  assert.match(await answerTo(client.remove('k')), /^UNAVAILABLE: .*(?:EROFS|ext4 refuses all writes)/);
  assert.equal((await client.list()).map(({ name }) => name).sort(), ['base', 'k']);
  assert.not.match(serving.lastWords(), 'accepts no more events');
});

test('disk gone: refuses changes, serves what is durable, and recovers', async (context) => {
  await begin(context, 'overlay', createLoop('xfs'));
  const { client, loop, serving, daemon } = context;
  loop.cutPower();
  const refused = /^(?:INTERNAL: .*EIO|UNAVAILABLE: .*accepts no more events)/;
  assert.match(await answerTo(client.prepare('new', { parent: 'base' })), refused);
  assert.match(await answerTo(client.update('base', { a: 'b' })), refused);
  assert.match(await answerTo(client.remove('k')), refused);
  assert.equal((await client.list()).map(({ name }) => name).sort(), ['base', 'k']);
  client.close();
  await daemon.kill();
  loop.unmount();
  loop.mount();
  context.daemon = await serving.start();
  context.client = serving.connect();
  assert.equal((await context.client.list()).map(({ name }) => name).sort(), ['base', 'k']);
  await expectInOrder(context);
});

test.run();
