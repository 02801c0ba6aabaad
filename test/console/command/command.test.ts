import { appendFileSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { snapledgerRun } from '../../cli/process.ts';
import { ask } from '../../http/ask.ts';
import { startDaemon } from '../../support/daemon.ts';
import { requireFileSystem, suiteNeeding } from '../../support/requirements.ts';
import { createSandbox, type Sandbox } from '../../support/sandbox.ts';
import { daemonFile } from '../../support/server.ts';
import { connectSnapshots } from '../../support/snapshots-client.ts';
import { waitFor } from '../../support/wait-for.ts';
import { openConsole } from './open-console.ts';

interface Context {
  sandbox: Sandbox;
  root: string;
  address: string;
}

const test = suiteNeeding<Context>('console command with the overlay driver', requireFileSystem('overlay'));
test.before.each((context) => {
  context.sandbox = createSandbox('console-command');
  context.root = join(context.sandbox.path, 'root');
  context.address = join(context.sandbox.path, 's.sock');
});
test.after.each(({ sandbox }) => sandbox.close());

const daemonOf = ({ sandbox, root, address }: Context) =>
  startDaemon({
    command: [process.execPath, daemonFile, 'serve', '--root', root, '--address', address],
    ...{ address, log: join(sandbox.path, 'daemon.log'), sandbox },
  });

/** A layer that is removed and retained, and an active. */
async function fill({ address }: Context): Promise<void> {
  const client = connectSnapshots(address);
  await client.prepare('default/1/extract');
  await client.commit('default/2/sha256:aaa', 'default/1/extract');
  await client.prepare('default/3/web');
  await client.remove('default/2/sha256:aaa');
  client.close();
}

test('live: a daemon that is killed and comes back is shown, and its events arrive', async (context) => {
  const daemon = await daemonOf(context);
  await fill(context);
  const console = await openConsole(context.sandbox, context.root);
  const messages = console.listen();
  const seen = (what: string, passes: (message: Record<string, unknown>) => boolean) =>
    waitFor(what, () => messages.some(passes));
  await seen('a state', ({ kind, daemon: state }) => kind === 'state' && state === 'running');
  const prepare = async (key: string) => {
    const client = connectSnapshots(context.address);
    await client.prepare(key);
    client.close();
    await seen(key, ({ events }) => JSON.stringify(events ?? '').includes(key));
  };
  await prepare('default/4/first');
  await daemon.kill();
  await seen('the stop', ({ daemon: state }) => state === 'stopped');
  assert.is((await console.json('session')).live, false);
  await daemonOf(context);
  await prepare('default/5/second');
  assert.ok((await console.json('snapshots')).some(({ key }: { key: string }) => key === 'default/5/second'));
  const incidents = await console.json('incidents');
  assert.equal(
    incidents.map(({ kind }: { kind: string }) => kind),
    ['crash'],
  );
});

for (const running of [true, false])
  test(`restore: is done ${running ? 'by the daemon' : 'on a stopped store'}, and reconcile finds nothing to do`, async (context) => {
    const daemon = await daemonOf(context);
    await fill(context);
    if (!running) await daemon.stop();
    const console = await openConsole(context.sandbox, context.root);
    const [retained] = await console.json('retained');
    assert.is(retained.key, 'default/2/sha256:aaa');
    const headers = { 'snapledger-csrf': (await console.json('session')).csrf };
    const restored = await console.send('POST', `restore?name=${retained.id}&confirm=${retained.id}`, headers);
    assert.is(restored.status, 200, restored.body);
    assert.is((await console.json('stat?key=default/2/sha256:aaa')).kind, 'committed');
    assert.equal(await console.json('retained'), []);
    const plan = await console.send('POST', 'reconcile?dry-run=1', headers);
    assert.equal([plan.status, JSON.parse(plan.body)], [200, []]);
    const again = await console.send('POST', `restore?name=${retained.id}&confirm=${retained.id}`, headers);
    assert.is(again.status >= 400, true);
    assert.match(again.body, 'hint: ');
    const { status, steps } = await console.json('verify');
    assert.equal(
      [status, steps.map(({ step }: { step: string }) => step)],
      [0, ['chain', 'projections', 'parents', 'volumes', 'orphans']],
    );
  });

test('files: names and modes of a layer are listed', async (context) => {
  const daemon = await daemonOf(context);
  await fill(context);
  const console = await openConsole(context.sandbox, context.root);
  const { path } = await console.json('stat?key=default/3/web');
  mkdirSync(join(context.root, path, 'fs/etc'), { mode: 0o750 });
  writeFileSync(join(context.root, path, 'fs/etc/<script>'), 'secret', { mode: 0o640 });
  const { entries, truncated } = await console.json('files?key=default/3/web');
  assert.equal(
    entries.map(({ path: name, type, bytes, mode }: Record<string, unknown>) => [name, type, bytes, mode]),
    [
      ['etc', 'directory', '0', 0o750],
      ['etc/<script>', 'file', '6', 0o640],
    ],
  );
  assert.is(truncated, false);
  await daemon.stop();
});

test('damage: a log that is damaged is reported with what to do, and verify finds where', async (context) => {
  const daemon = await daemonOf(context);
  await fill(context);
  await daemon.stop();
  const [segment = ''] = readdirSync(join(context.root, 'log')).filter((name) => name.endsWith('.log'));
  const file = join(context.root, 'log', segment);
  const bytes = readFileSync(file);
  bytes.writeUInt8((bytes[1_000] ?? 0) ^ 1, 1_000);
  writeFileSync(file, bytes);
  const console = await openConsole(context.sandbox, context.root);
  const session = await console.json('session');
  assert.match(session.error, segment);
  assert.match(session.hint, 'repair');
  for (const path of ['forest', 'density', 'snapshots']) {
    const { status, body } = await console.send('GET', path);
    assert.is(status, 500, path);
    assert.match(body, 'hint: ');
  }
  const { status, steps } = await console.json('verify');
  assert.equal([status, steps[0].corrupt], [3, true]);
  assert.match(steps[0].findings[0].what, segment);
});

test('health: a checkpoint that is deleted while they are listed is left out', async (context) => {
  await (await daemonOf(context)).stop();
  const console = await openConsole(context.sandbox, context.root);
  const { checkpoints } = await console.json('health');
  symlinkSync('deleted', join(context.root, 'checkpoints', `${'9'.repeat(20)}.ckpt`));
  assert.equal((await console.json('health')).checkpoints, checkpoints);
});

test('export: the store in a file is shown, and its copy is removed at the end', async (context) => {
  const daemon = await daemonOf(context);
  await fill(context);
  await daemon.stop();
  const file = join(context.sandbox.path, 'store.export');
  assert.is((await snapledgerRun('export', file, '--root', context.root)).status, 0);
  const temporary = context.sandbox.folder('tmp');
  const console = await openConsole(context.sandbox, context.root, '--export', file);
  const session = await console.json('session');
  assert.equal([session.readOnly, session.live, session.error, readdirSync(temporary).length], [true, false, null, 1]);
  assert.equal(
    (await console.json('snapshots')).map(({ key }: { key: string }) => key),
    ['default/3/web'],
  );
  // As a terminal that is closed sends it.
  console.child.kill('SIGHUP');
  await console.ended;
  assert.equal(readdirSync(temporary), []);
  appendFileSync(file, 'x');
  assert.is((await snapledgerRun('console', '--export', file)).status, 3);
});

test('command: prints another address for each line, and ends with a signal', async (context) => {
  await (await daemonOf(context)).stop();
  const console = await openConsole(context.sandbox, context.root, '--read-only', '--listen', '[::1]:0').catch(
    () => undefined,
  );
  assert.is(console, undefined, 'the test asks 127.0.0.1');
  const other = await openConsole(context.sandbox, context.root, '--read-only');
  other.child.stdin.write('\n');
  const second = await other.nextAddress();
  assert.is(
    (
      await ask({
        host: '127.0.0.1',
        port: other.port,
        path: `${second.pathname}${second.search}`,
        headers: { host: other.host },
      })
    ).status,
    303,
  );
  assert.is((await other.json('session')).readOnly, true);
  other.child.kill('SIGINT');
  assert.equal(await other.ended, [0, null]);
});

test('command: refuses a root without a store, and addresses of other machines', async (context) => {
  assert.is((await snapledgerRun('console', '--root', context.sandbox.folder('empty'))).status, 2);
  await (await daemonOf(context)).stop();
  for (const address of ['0.0.0.0:0', 'localhost:0', '192.168.0.1:80', '127.0.0.1'])
    assert.is((await snapledgerRun('console', '--root', context.root, '--listen', address)).status, 2, address);
});

test.run();
