import { chmodSync, cpSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createServing, type Serving } from '../fault/serving.ts';
import { ask } from '../http/ask.ts';
import { startDaemon } from '../support/daemon.ts';
import { createFront } from '../support/kurrent/front.ts';
import { loopbackUrl } from '../support/kurrent/loopback-url.ts';
import { type StandIn, startStandIn } from '../support/kurrent/stand-in.ts';
import { run } from '../support/run.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';
import { daemonFile } from '../support/server.ts';
import { waitFor } from '../support/wait-for.ts';
import { forwardReportOf } from '../torture/forward/rounds.ts';

interface Context {
  sandbox: Sandbox;
  standIn: StandIn;
  root: string;
  serving(settings: string): Serving;
}

const test = suite<Context>('daemon with its log in a cluster');
test.before.each(async (context) => {
  const sandbox = createSandbox('cluster');
  context.sandbox = sandbox;
  context.root = join(sandbox.path, 'root');
  context.standIn = await startStandIn();
  sandbox.atEnd(context.standIn.close);
  context.serving = (settings) => createServing(sandbox, { driver: 'memory', root: context.root, settings });
});
test.after.each(({ sandbox }) => sandbox.close());

const command = (...args: readonly string[]) => run(process.execPath, [daemonFile, ...args], { anyStatus: true });
const logIn = (url: string) => `log = { url = "${url}" }`;
const forwardTo = (url: string) => `forward = { url = "${url}" }`;
const reportOf = (sandbox: Sandbox) => forwardReportOf(join(sandbox.path, 's.http.sock'));

async function reached(sandbox: Sandbox, state: string): Promise<Record<string, unknown>> {
  let report: Record<string, unknown> = {};
  await waitFor(
    () => `the state ${state}: ${JSON.stringify(report)}`,
    async () => {
      report = (await reportOf(sandbox)) as unknown as Record<string, unknown>;
      return report.state === state;
    },
  );
  return report;
}

test('keeps its log there, and continues after a kill', async ({ serving, standIn, root }) => {
  const daemons = serving(logIn(standIn.url));
  const first = await daemons.start();
  const client = daemons.connect();
  await client.prepare('a');
  await client.commit('b', 'a');
  await first.kill();
  const second = await daemons.start();
  const again = daemons.connect();
  await again.prepare('c', { parent: 'b' }).catch(() => {});
  await second.stop();
  assert.is(statSync(join(root, 'store')).mode & 0o777, 0o600);
  const { store } = JSON.parse(readFileSync(join(root, 'store'), 'utf8')) as { store: string };
  const stored = standIn.streams.read(`snapledger-${store}`, 0, 'forwards', 100) ?? [];
  assert.equal(
    stored.map(({ event }) => event.type).filter((type) => /^Store|Committed/.test(type)),
    ['StoreCreated.v1', 'StoreOpened.v1', 'SnapshotCommitted.v1', 'StoreOpened.v1', 'StoreClosed.v1'],
  );
});

test('is read and verified by commands that know only its root', async ({ serving, standIn, root }) => {
  const daemon = await serving(logIn(standIn.url)).start();
  const running = await command('log', '--root', root, '--json');
  assert.is(running.stdout.trim().split('\n').length, 2);
  await daemon.stop();
  assert.match((await command('tree', '--root', root)).stdout, 'KEY');
  const { status, stdout } = await command('verify', '--root', root);
  assert.is(status, 0, stdout);
  const repair = await command('repair', '--root', root);
  assert.is(repair.status, 2);
  assert.match(repair.stderr, "is kept in a cluster, and can't be repaired from here");
});

test('reports a key that its log never had', async ({ serving, standIn, root }) => {
  const daemons = serving(logIn(standIn.url));
  const daemon = await daemons.start();
  await daemons.connect().prepare('default/1/known');
  await daemon.stop();
  const { status, stderr } = await command('log', 'default/1/unknown', '--root', root);
  assert.is(status, 1);
  assert.match(
    stderr,
    'default/1/unknown: no snapshot ever had this key, name or id\nhint: the nearest are: default/1/known',
  );
  const known = await command('log', 'known', '--root', root, '--type', 'SnapshotPrepared,SnapshotRemoved');
  assert.match(known.stdout, 'default/1/known');
});

test('does not start if the root and the cluster do not belong together', async ({ serving, standIn }) => {
  await serving('')
    .start()
    .then((daemon) => daemon.stop());
  await assertFails(serving(logIn(standIn.url)), /keeps its log in files, not in a cluster/);
});

async function assertFails(serving: Serving, expected: RegExp): Promise<void> {
  await serving.start().then(
    () => assert.unreachable('it started'),
    (error: Error) => assert.match(error.message, expected),
  );
}

test('does not start with a wrong connection string, and never shows the password', async ({ serving }) => {
  const daemons = serving(logIn('kurrentdb://admin:secret@c?tls=false'));
  await assertFails(daemons, /without TLS the client sends no credentials/);
  assert.not.match(daemons.lastWords(), /secret/);
});

test('does not take a cluster without its events for an empty store', async ({ serving, standIn, root }) => {
  await serving(logIn(standIn.url))
    .start()
    .then((daemon) => daemon.stop());
  mkdirSync(join(root, 'snapshots/1'), { recursive: true });
  rmSync(join(root, 'checkpoints'), { recursive: true });
  const empty = await startStandIn();
  await assertFails(serving(logIn(empty.url)), /holds a store, but the cluster has no events of it/).finally(
    empty.close,
  );
});

/** The daemon's readiness. */
const readyz = (sandbox: Sandbox) => ask({ socketPath: join(sandbox.path, 's.http.sock'), path: '/readyz' });

async function notReady(sandbox: Sandbox, expected: RegExp): Promise<void> {
  let body = '';
  await waitFor(
    () => `not ready: ${expected}: ${body}`,
    async () => {
      const answer = await readyz(sandbox);
      body = answer.body;
      return answer.status === 503 && expected.test(body);
    },
  );
}

const ready = (sandbox: Sandbox) => waitFor('ready', async () => (await readyz(sandbox)).status === 200);
const streamOf = (root: string) =>
  `snapledger-${(JSON.parse(readFileSync(join(root, 'store'), 'utf8')) as { store: string }).store}`;

test('does not let a copy of its root take the store over without takeOver', async (context) => {
  const { serving, standIn, root, sandbox } = context;
  await serving(logIn(standIn.url))
    .start()
    .then((daemon) => daemon.stop());
  const copy = join(sandbox.path, 'copy');
  cpSync(root, copy, { recursive: true });
  const first = await serving(logIn(standIn.url)).start();
  const { length } = standIn.streams.read(streamOf(root), 0, 'forwards', 1_000) ?? [];
  const flags = ['--root', copy, '--address', join(sandbox.path, 'c.sock'), '--driver', 'memory', '--no-retention'];
  const refused = await command('serve', ...flags);
  assert.is(refused.status, 2);
  assert.ok(refused.stderr.includes(`the newest events were written from another root, ${root} on`), refused.stderr);
  assert.match(refused.stderr, 'serve --take-over');
  assert.is(standIn.streams.read(streamOf(root), 0, 'forwards', 1_000)?.length, length);
  await first.stop();
  const taking = [process.execPath, daemonFile, 'serve', ...flags, '--take-over'] as const;
  const log = join(sandbox.path, 'copy.log');
  const second = await startDaemon({ command: taking, address: join(sandbox.path, 'c.sock'), log, sandbox });
  await second.stop();
  const shown = await command('log', '--root', copy, '--type', 'StoreOpened');
  assert.ok(shown.stdout.includes(`taken over from ${root} on`), shown.stdout);
  await assertFails(serving(logIn(standIn.url)), /written from another root, .*copy on/);
});

test('is not ready while its stream is deleted or expires, and recovers without a restart', async (context) => {
  const { serving, standIn, root, sandbox } = context;
  const daemons = serving(logIn(standIn.url));
  const daemon = await daemons.start();
  const client = daemons.connect();
  await client.prepare('a');
  const stream = streamOf(root);
  standIn.streams.delete(stream);
  await notReady(sandbox, /the stream was deleted.*are removed/);
  const refused = await client.prepare('b').catch((error: Error) => error);
  assert.match(String(refused), 'the stream was deleted');
  standIn.streams.setMetadata(stream, { $maxCount: 2 });
  await notReady(sandbox, /events expire at the cluster \(\$maxCount=2\).*are removed/);
  standIn.streams.setMetadata(stream, {});
  await ready(sandbox);
  await client.prepare('b');
  await daemon.stop();
});

test('starts from its checkpoint if the first events have expired, or says why it cannot', async (context) => {
  const { serving, standIn, root, sandbox } = context;
  const first = serving(logIn(standIn.url));
  const daemon = await first.start();
  await first.connect().prepare('a');
  await daemon.stop();
  standIn.streams.setMetadata(streamOf(root), { $maxCount: 1 });
  const daemons = serving(logIn(standIn.url));
  const again = await daemons.start();
  assert.match(daemons.lastWords(), 'the log was opened without its first events');
  await notReady(sandbox, /\$maxCount=1/);
  await again.kill();
  rmSync(join(root, 'checkpoints'), { recursive: true });
  await assertFails(serving(logIn(standIn.url)), /events expire at the cluster \(\$maxCount=1\); no checkpoint holds/);
});

test('is not ready while the cluster is away, and then continues with pending calls', async (context) => {
  const { serving, standIn, sandbox } = context;
  const front = await createFront(standIn.port);
  sandbox.atEnd(front.close);
  const daemons = serving(logIn(loopbackUrl(front.port)));
  const daemon = await daemons.start();
  const client = daemons.connect();
  await client.prepare('a');
  await front.close();
  const waiting = client.prepare('b');
  await notReady(sandbox, /no answer from the cluster|does not answer/);
  const back = await createFront(standIn.port, front.port);
  sandbox.atEnd(back.close);
  await waiting;
  await ready(sandbox);
  assert.is((await client.list()).length, 2);
  await daemon.stop();
});

test('stops forwarding to a stream that was deleted while it was stopped, and continues later', async (context) => {
  const { serving, standIn, sandbox, root } = context;
  const daemons = serving(forwardTo(standIn.url));
  const first = await daemons.start();
  await reached(sandbox, 'forwarding');
  await first.stop();
  standIn.streams.delete(streamOf(root));
  const daemon = await daemons.start();
  const { error, hint } = await reached(sandbox, 'stopped');
  assert.match(String(error), 'the stream was deleted');
  assert.match(String(hint), `metadata of the stream ($$${streamOf(root)})`);
  assert.is(standIn.streams.read(streamOf(root), 0, 'forwards', 9), undefined, 'nothing was written');
  await daemon.stop();
});

test('continues forwarding to a stream whose events expire, and reports it', async (context) => {
  const { serving, standIn, sandbox, root } = context;
  const daemons = serving(forwardTo(standIn.url));
  const first = await daemons.start();
  await reached(sandbox, 'forwarding');
  await first.stop();
  standIn.streams.setMetadata(streamOf(root), { $maxCount: 2 });
  const daemon = await daemons.start();
  let report: Record<string, unknown> = {};
  await waitFor(
    () => `the word on $maxCount: ${JSON.stringify(report)}`,
    async () => {
      report = (await reportOf(sandbox)) as unknown as Record<string, unknown>;
      return report.state === 'forwarding' && report.lag === 0 && String(report.error).includes('($maxCount=2)');
    },
  );
  await daemon.stop();
});

test('does not forward a log that is in the cluster', async ({ serving, standIn }) => {
  await assertFails(serving(`${logIn(standIn.url)}\n${forwardTo(standIn.url)}`), /the log itself is kept in a cluster/);
});

test('forwards every event, and reports its progress', async ({ serving, standIn, sandbox, root }) => {
  const daemons = serving(forwardTo(standIn.url));
  const daemon = await daemons.start();
  const client = daemons.connect();
  await client.prepare('a');
  await reached(sandbox, 'forwarding');
  await daemon.stop();
  const { store } = JSON.parse(readFileSync(join(root, 'store'), 'utf8')) as { store: string };
  const types = standIn.streams.read(`snapledger-${store}`, 0, 'forwards', 100)?.map(({ event }) => event.type);
  assert.equal(types, ['StoreCreated.v1', 'StoreOpened.v1', 'SnapshotPrepared.v1', 'StoreClosed.v1']);
});

test('leaves out labels by pattern, and continues when the patterns are changed', async (context) => {
  const { standIn, sandbox, root } = context;
  const identity = `sha256:${'a'.repeat(64)}`;
  const labels = { team: 'secret-1', 'team.mail': 'secret-2', open: 'x', 'containerd.io/snapshot.ref': identity };
  const served = async (name: string, omitted: string) => {
    const settings = `forward = { url = "${standIn.url}", omit_labels = [${omitted}] }`;
    const daemons = context.serving(settings);
    const daemon = await daemons.start();
    const client = daemons.connect();
    await client.prepare(`${name}-active`, { labels });
    await client.commit(name, `${name}-active`, { labels });
    await client.update(name, { ...labels, team: 'secret-3', open: 'y' });
    await client.remove(name);
    await waitFor('all to be forwarded', async () => {
      const { state, lag } = await reached(sandbox, 'forwarding');
      return state === 'forwarding' && lag === 0;
    });
    await daemon.stop();
  };
  await served('all', '');
  await served('some', '"team*"');
  await served('none', '"*"');
  await served('again', '"open"');
  const stored = standIn.streams.read(streamOf(root), 0, 'forwards', 1_000) ?? [];
  const sent = stored.map(({ event }) => Buffer.from(event.data, 'base64').toString());
  const about = (name: string) => sent.filter((text) => text.includes(`"${name}`)).join('\n');
  const found = (name: string) =>
    ['secret-1', 'secret-2', 'secret-3', '"open"', identity].map((text) => about(name).includes(text));
  assert.equal(['all', 'some', 'none', 'again'].map(found), [
    [true, true, true, true, true],
    [false, false, false, true, true],
    [false, false, false, false, true],
    [true, true, true, false, true],
  ]);
  const log = await command('log', '--json', '--root', root);
  const own = log.stdout.split('\n').filter((text) => text.includes('"none"') && text.includes('SnapshotRemoved'));
  assert.match(own.join(), /secret-3.*secret-2|secret-2.*secret-3/);
});

test('shows a password in no message, and not in ps', async ({ serving, root, sandbox }) => {
  const secret = 'hunter2';
  const urls = [`kurrentdb://admin:${secret}@127.0.0.1:1`, `kurrentdb://admin:${secret}@x@127.0.0.1:1`];
  for (const url of urls) {
    const daemons = serving(forwardTo(url));
    const daemon = await daemons.start();
    const report = await waitForTrouble(sandbox);
    assert.not.match(JSON.stringify(report), secret);
    assert.not.match(readFileSync(`/proc/${daemon.pid}/cmdline`, 'utf8'), secret);
    assert.not.match(readFileSync(join(root, 'store'), 'utf8'), secret);
    await daemon.stop();
    assert.not.match(daemons.lastWords(), secret);
    const file = join(sandbox.path, 'settings.toml');
    assert.is(statSync(file).mode & 0o777, 0o600);
    chmodSync(file, 0o644);
    const open = await command('log', '--config', file);
    assert.is(open.status, 2);
    assert.match(open.stderr, 'forward.url has a password');
    assert.not.match(open.stderr, secret);
    rmSync(file);
  }
  const { status, stderr } = await command(
    'serve',
    '--root',
    root,
    '--forward',
    `kurrentdb://admin:${secret}@127.0.0.1:1`,
  );
  assert.is(status, 2);
  assert.match(stderr, '--forward: has a password, which every user of the machine can see');
  assert.not.match(stderr, secret);
});

async function waitForTrouble(sandbox: Sandbox): Promise<unknown> {
  let report: Record<string, unknown> = {};
  await waitFor(
    () => `trouble: ${JSON.stringify(report)}`,
    async () => {
      report = (await reportOf(sandbox)) as unknown as Record<string, unknown>;
      return report.error !== '' && report.error !== undefined;
    },
  );
  return report;
}

for (const [what, prepare, state, expected, hint] of [
  ['a wrong string', () => 'kurrentdb://a/$all', 'stopped', 'it names a path', 'leave it out'],
  [
    'a server that is too old',
    (standIn: StandIn) => {
      standIn.faults.version = '20.6.1';
      return standIn.url;
    },
    'retrying',
    'too old: version 20.6.1',
    'upgrade it',
  ],
  [
    'a host that does not answer',
    () => 'kurrentdb://127.0.0.1:1?tls=false',
    'retrying',
    'no answer from the cluster',
    'can be reached',
  ],
] as const)
  test(`continues serving with ${what} as forwarding target`, async ({ serving, standIn, sandbox }) => {
    const daemons = serving(forwardTo(prepare(standIn)));
    const daemon = await daemons.start();
    const report = await reached(sandbox, state);
    assert.match(String(report.error), expected);
    assert.match(String(report.hint), hint);
    const client = daemons.connect();
    await client.prepare('a');
    assert.is((await client.list()).length, 1);
    await daemon.stop();
    assert.match(daemons.lastWords(), state === 'stopped' ? 'forwarding has stopped' : 'forwarding failed');
  });

test('stops forwarding if the stream has another history, and does not change it', async (context) => {
  const { serving, standIn, sandbox, root } = context;
  await serving('')
    .start()
    .then((daemon) => daemon.stop());
  const { store } = JSON.parse(readFileSync(join(root, 'store'), 'utf8')) as { store: string };
  const foreign = {
    id: '00000000-0000-4000-8000-000000000009',
    type: 'Other',
    contentType: 'application/json',
    data: 'e30=',
    metadata: 'e30=',
  };
  standIn.streams.append(`snapledger-${store}`, [foreign], 'none');
  const daemon = await serving(forwardTo(standIn.url)).start();
  assert.match(String((await reached(sandbox, 'stopped')).error), 'it does not belong to this store');
  assert.is(standIn.streams.read(`snapledger-${store}`, 0, 'forwards', 100)?.length, 1);
  await daemon.stop();
});

test.run();
