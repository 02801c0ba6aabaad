import { renameSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Envelope } from '../../../events/envelope.ts';
import type { Event } from '../../../events/registry.ts';
import { Fault } from '../../../src/ports/fault.ts';
import type { FleetQuestions } from '../../../src/ports/fleet-questions.ts';
import { openLog } from '../../adapters/event-log/file/file-log.ts';
import { enveloped, prepared, smallStore } from '../../cli/facts.ts';
import { createSandbox, type Sandbox } from '../../support/sandbox.ts';
import { waitFor } from '../../support/wait-for.ts';
import { serveTestConsole, type TestConsole } from './console-of.ts';

interface Context {
  sandbox: Sandbox;
  served: TestConsole;
}

const test = suite<Context>('console server: API');
test.before.each(async (context) => {
  context.sandbox = createSandbox('console');
  context.served = await serveTestConsole(context.sandbox);
  await context.served.login();
});
test.after.each(({ sandbox }) => sandbox.close());

const json = async ({ ask }: TestConsole, path: string) => {
  const { status, body } = await ask('GET', `/console/api/${path}`);
  assert.is(status, 200, `${path}: ${body}`);
  return JSON.parse(body);
};

const end = smallStore.length;

test('queries: those of the table are answered with the rows of the node', async ({ served }) => {
  assert.equal(
    (await json(served, 'snapshots')).map(({ key }: { key: string }) => key),
    ['default/2/sha256:aaa', 'default/4/sha256:bbb', 'default/5/web'],
  );
  assert.is((await json(served, 'stat?key=default/5/web')).kind, 'active');
  assert.is((await json(served, 'log?lines=3')).length, 3);
  assert.is((await json(served, `diff?from=3&to=${end}`)).length, 3);
});

test('queries: wrong parameters are refused with what was expected', async ({ served }) => {
  for (const path of [
    'density?buckets=0',
    'density?bucket=1',
    'forest?at=never',
    'forest?at=99999',
    'page?type=Nothing',
  ])
    assert.is((await served.ask('GET', `/console/api/${path}`)).status, 400, path);
  assert.is((await served.ask('GET', '/console/api/stat?key=nothing')).status, 404);
  assert.is((await served.ask('GET', '/console/api/none')).status, 404);
});

test('density: counts every event by type, and a part of time', async ({ served }) => {
  const whole = await json(served, 'density?buckets=5');
  assert.equal([whole.folded, whole.total], [String(end), String(end)]);
  const totals: Record<string, number> = {};
  for (const { counts } of whole.buckets)
    for (const [type, count] of Object.entries<number>(counts)) totals[type] = (totals[type] ?? 0) + count;
  const expected: Record<string, number> = {};
  for (const { type } of smallStore) expected[type] = (expected[type] ?? 0) + 1;
  assert.equal(totals, expected);
  const [time] = enveloped(smallStore)
    .slice(4)
    .map((envelope) => new Date(Number(envelope.time / 1_000_000n)).toISOString());
  const part = await json(served, `density?since=${time}&type=SnapshotPrepared`);
  assert.equal(
    part.buckets.flatMap(({ counts }: { counts: object }) => Object.entries(counts)),
    [5, 8, 9].map(() => ['SnapshotPrepared', 1]),
  );
  assert.equal((await json(served, 'density?namespace=nobody')).buckets, []);
});

test('page: goes back through the events of a filter', async ({ served }) => {
  const positions = ({ events }: { events: { position: string }[] }) => events.map(({ position }) => Number(position));
  const last = await json(served, 'page?type=SnapshotPrepared&lines=3');
  assert.equal([positions(last), last.next], [[5, 8, 9], '5']);
  const before = await json(served, `page?type=SnapshotPrepared&lines=3&before=${last.next}`);
  assert.equal([positions(before), before.next], [[3], null]);
  assert.equal(positions(await json(served, 'page?actor=operator')), [1, 2, end]);
  assert.equal(positions(await json(served, 'page?key=default/6/job')), [9, 11, 12]);
});

test('forest: a base and its difference make the later forest', async ({ served }) => {
  const early = await json(served, 'forest?at=5');
  const delta = await json(served, `forest?at=${end}&since=5`);
  const late = await json(served, `forest?at=${end}`);
  assert.equal([early.position, delta.base, delta.position], ['5', '5', String(end)]);
  const rowsOf = ({ rows }: { rows: { id: number[]; key: string[]; bytes: number[]; kind: string } }) =>
    rows.id.map((id, at) => [id, rows.key[at], rows.bytes[at], rows.kind[at]] as const);
  const merged = new Map(rowsOf(early).map((row) => [row[0], row]));
  for (const id of delta.gone) merged.delete(id);
  for (const row of rowsOf(delta)) merged.set(row[0], row);
  assert.equal(
    [...merged.values()].sort((a, b) => a[0] - b[0]),
    rowsOf(late),
  );
  assert.equal(rowsOf(late), [
    [1, 'default/2/sha256:aaa', 1_572_864, 'c'],
    [2, 'default/4/sha256:bbb', -1, 'c'],
    [3, 'default/5/web', -1, 'a'],
  ]);
  assert.equal([late.namespaces, late.rows.namespace, late.rows.parent], [['default'], [0, 0, 0], [0, 1, 2]]);
});

test('forest: names the image of a layer as containerd reported it, also in the difference', async ({ served }) => {
  const image = (name: string, layers: readonly string[]): Event => ({
    type: 'ContainerdObserved',
    data: {
      ...{ topic: '/images/create', namespace: 'default', name, at: 1n },
      image: { target: 'sha256:f', layers, created: 1n },
    },
  });
  await served.append(enveloped([image('a:1', ['sha256:aaa', 'sha256:bbb']), image('b:2', ['sha256:aaa'])], end));
  const namesIn = ({ rows, imageNames }: { rows: { id: number[]; image: number[] }; imageNames: string[] }) =>
    rows.id.map((id, at) => [id, imageNames[rows.image[at] ?? -1]]);
  assert.equal(namesIn(await json(served, 'forest')), [
    [1, 'shared by 2 images'],
    [2, 'a:1'],
    [3, undefined],
  ]);
  assert.equal(namesIn(await json(served, `forest?at=${end + 1}&since=${end}`)), [
    [1, 'a:1'],
    [2, 'a:1'],
  ]);
});

test('mounts: are those of the command; a store that is elsewhere says what is not known', async ({ served }) => {
  const { id, call, mounts, unknown } = await json(served, 'mounts?key=default/5/web');
  assert.equal(
    { id, call, mounts },
    {
      id: '3',
      call: 'Mounts',
      mounts: [{ type: 'memory', source: 'memory/3', target: '', options: ['rw', 'parents=2:1'] }],
    },
  );
  assert.match(unknown[0], 'not here');
  assert.is((await json(served, 'mounts?key=default/4/sha256:bbb')).call, 'View');
  assert.is((await served.ask('GET', '/console/api/mounts?key=nothing')).status, 404);
});

test('flushes: without a daemon there are none', async ({ served }) => {
  assert.equal(await json(served, 'flushes'), { daemon: false, total: null, points: [] });
});

test('growth: ends with what the store holds, and stays so while nothing happens', async ({ served }) => {
  const { points, folded } = await json(served, 'growth');
  assert.equal((await json(served, 'growth')).points, points);
  assert.is(folded, String(end));
  const last = points.at(-1);
  assert.equal([last.position, last.snapshots, last.bytes], [String(end), 3, '1572864']);
});

test('incidents: an opening without a close before it is a crash', async ({ served }) => {
  assert.equal(await json(served, 'incidents'), []);
  const [opening] = enveloped([smallStore[1] as never, smallStore[1] as never], end).slice(0, 1);
  const second = enveloped([smallStore[1] as never], end + 1);
  await served.append([...(opening === undefined ? [] : [opening]), ...second]);
  assert.equal(
    (await json(served, 'incidents')).map(({ position, kind }: { position: string; kind: string }) => [position, kind]),
    [[String(end + 2), 'crash']],
  );
});

test('verify: is what the command reports', async ({ served }) => {
  assert.equal(await json(served, 'verify'), { status: 0, steps: [] });
  assert.equal(served.acted, ['verify false']);
});

test('verify: a page that goes away while it runs no longer waits for it', async ({ sandbox }) => {
  const other = await serveTestConsole(sandbox, { hold: new Promise(() => {}) });
  await other.login();
  const path = '/console/api/verify?deep=1';
  const asked = request({ host: '127.0.0.1', port: other.port, path, headers: other.headers() });
  asked.on('error', () => {}).end();
  await waitFor('the run', () => other.acted.length > 0);
  assert.equal(other.acted, ['verify true']);
  asked.destroy();
  await waitFor('its end', () => other.acted.at(-1) === 'gone');
});

/** Reads messages of the live stream until one passes. */
function readUntil(
  { port, headers }: TestConsole,
  passes: (message: Record<string, unknown>) => boolean,
  act: () => Promise<void>,
  query = '',
) {
  return new Promise<readonly Record<string, unknown>[]>((resolve, reject) => {
    const messages: Record<string, unknown>[] = [];
    let text = '';
    const path = `/console/api/live${query}`;
    const asked = request({ host: '127.0.0.1', port, path, headers: headers() }, (response) => {
      if (response.statusCode !== 200) reject(new Error(`status ${response.statusCode}`));
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part;
        for (let at = text.indexOf('\n\n'); at !== -1; at = text.indexOf('\n\n')) {
          const message = JSON.parse(text.slice(text.indexOf('data: ') + 6, at));
          text = text.slice(at + 2);
          if (messages.push(message) === 1) act().catch(reject);
          if (!passes(message)) continue;
          asked.destroy();
          resolve(messages);
        }
      });
      response.on('error', () => {});
    });
    asked.on('error', (error) => (messages.length === 0 ? reject(error) : undefined));
    asked.end();
  });
}

test('live: new events arrive, with counts for more than a page shows', async ({ served }) => {
  const [first, ...rest] = await readUntil(
    served,
    ({ to }) => to === String(end + 350),
    async () => {
      await served.append(
        enveloped(
          Array.from({ length: 350 }, (_, at) => prepared(100 + at, `default/${at}/x`)),
          end,
        ),
      );
    },
  );
  assert.equal([first?.kind, first?.daemon, first?.position], ['state', 'stopped', String(end)]);
  // Usually one: a reader may see a part of what is being written.
  let position = end;
  for (const message of rest.filter(({ kind }) => kind === 'events') as unknown as readonly Message[]) {
    const count = Number(message.to) - position;
    assert.equal([message.from, message.counts], [String(position + 1), { SnapshotPrepared: count }]);
    assert.equal(
      [message.events.length, message.events.at(-1)?.position, message.omitted],
      [Math.min(count, 200), message.to, Math.max(count - 200, 0)],
    );
    position = Number(message.to);
  }
  assert.is(position, end + 350);
});

test('live: many events a second are counted, each once, in few messages', async ({ served }) => {
  const batches = Array.from({ length: 30 }, (_, batch) =>
    enveloped(
      Array.from({ length: 300 }, (_, at) => prepared(100 + batch * 300 + at, `default/${batch}/${at}`)),
      end + batch * 300,
    ),
  );
  const [, ...messages] = await readUntil(
    served,
    ({ to }) => to === String(end + 9_000),
    async () => {
      for (const batch of batches) await served.append(batch);
    },
  );
  let position = end;
  for (const message of messages.filter(({ kind }) => kind === 'events')) {
    const { from, to, counts, events, omitted } = message as unknown as Message;
    assert.is(Number(from), position + 1);
    const count = Number(to) - position;
    assert.equal([counts, events.length + omitted], [{ SnapshotPrepared: count }, count]);
    assert.ok(events.length <= 200);
    position = Number(to);
  }
  assert.is(position, end + 9_000);
});

interface Message {
  readonly from: string;
  readonly to: string;
  readonly counts: object;
  readonly events: readonly { readonly position: string }[];
  readonly omitted: number;
}

/** Puts another log in the place of a store's: no reader sees a part of it. */
async function replaceLog({ root }: TestConsole, events: readonly Envelope[], store?: string): Promise<void> {
  const { log } = await openLog(join(root, 'new-log'), store === undefined ? {} : { store });
  await log.append(events, { flush: 'now' });
  await log.close();
  renameSync(join(root, 'log'), join(root, 'old-log'));
  renameSync(join(root, 'new-log'), join(root, 'log'));
}

test('live: a store that is replaced is reported, and answers are of the new one', async ({ served }) => {
  const other = '11111111-2222-4333-8444-555555555555';
  await json(served, 'forest');
  const messages = await readUntil(
    served,
    ({ kind }) => kind === 'replaced',
    () => replaceLog(served, enveloped(smallStore.slice(0, 3)), other),
  );
  assert.is(messages.at(-1)?.store, other);
  assert.equal((await json(served, 'forest')).position, '3');
  await waitFor('the new density', async () => (await json(served, 'density')).folded === '3');
});

test('live: a log that ends earlier than before is reported as gone', async ({ served }) => {
  await json(served, 'density');
  const messages = await readUntil(
    served,
    ({ kind }) => kind === 'gone',
    () => replaceLog(served, enveloped(smallStore.slice(0, 5))),
  );
  const last = messages.at(-1);
  assert.equal([last?.position, last?.first], [String(end), '6']);
  assert.is((await json(served, 'density')).total, '5');
});

test('live: a page whose position the log does not have learns that first', async ({ served }) => {
  const found = await readUntil(
    served,
    ({ kind }) => kind === 'state',
    async () => {},
    '?after=9999',
  );
  const [gone, state] = found;
  assert.equal([gone?.kind, gone?.position, gone?.first], ['gone', '9999', String(end + 1)]);
  assert.is(state?.position, String(end));
});

test('fleet: its questions are answered if there is a database, and its faults reported', async ({
  sandbox,
  served,
}) => {
  assert.is((await json(served, 'session')).fleet, false);
  const none = await served.ask('GET', '/console/api/fleet/nodes');
  assert.equal([none.status, none.body.includes('hint: ')], [404, true]);
  let reachable = false;
  const questions = { stores: async () => [], sizes: async () => [] } as Partial<FleetQuestions> as FleetQuestions;
  const fleet = async () => {
    if (reachable) return { fleet: questions, now: () => 0n };
    throw new Fault('io', 'the database does not answer', { hint: 'check that it runs' });
  };
  const other = await serveTestConsole(sandbox, { fleet });
  await other.login();
  assert.is((await json(other, 'session')).fleet, true);
  const failed = await other.ask('GET', '/console/api/fleet/nodes');
  assert.equal([failed.status, failed.body], [503, 'the database does not answer\nhint: check that it runs\n']);
  reachable = true;
  assert.equal(await json(other, 'fleet/nodes'), []);
  assert.is((await other.ask('GET', '/console/api/fleet/nodes?silence=1')).status, 400);
});

test('poll: has the same messages, after a position', async ({ served }) => {
  const [state, ...none] = await json(served, 'poll');
  assert.equal([state.kind, state.position, none], ['state', String(end), []]);
  const [, events] = await json(served, `poll?after=${end - 2}`);
  assert.equal([events.from, events.to, events.omitted], [String(end - 1), String(end), 0]);
  assert.equal(await json(served, `poll?after=${end + 7}`), [
    { kind: 'gone', position: String(end + 7), first: String(end + 1) },
  ]);
});

test('damage: a log that can not be read is answered with what to do', async ({ served }) => {
  const { root } = served;
  rmSync(join(root, 'log', '00000000000000000001.log'));
  const { status, body } = await served.ask('GET', '/console/api/forest');
  assert.is(status >= 400, true);
  assert.match(body, 'hint: ');
});

test.run();
