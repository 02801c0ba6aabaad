import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { AppendFault } from '../../../support/kurrent/faults.ts';
import { type Cluster, now, readAll, rejection, startCluster } from './cluster.ts';

const test = suite<Cluster>('outcomes of an append to KurrentDB');
test.before.each(async (context) => void Object.assign(context, await startCluster()));
test.after.each(({ sandbox }) => sandbox.close());

for (const [what, faults] of [
  ['was written and not answered', ['unanswered']],
  ['was neither written nor answered', ['silent']],
  ['was cut off before it was written', ['cut']],
  ['was cut off after it was written', ['written-and-cut']],
  ['met a conflict that there was none', ['conflict']],
  ['met a node that is not the leader any more', ['not-leader']],
  ['met one after the other', ['written-and-cut', 'conflict', 'cut', 'not-leader']],
] as const satisfies readonly (readonly [string, readonly AppendFault[]])[])
  test(`writes once, and continues, after an append that ${what}`, async ({ open, events, standIn, stream }) => {
    const log = await open({ retry: { answer: 1_500, outcome: 20_000 } });
    await log.append(events(3), now);
    standIn.faults.meet(...faults);
    await Promise.all([log.append(events(2, 3), now), log.append(events(1, 5), now)]);
    await log.append(events(1, 6), now);
    assert.is(standIn.streams.read(stream, 0, 'forwards', 100)?.length, 7);
    assert.equal(await readAll(log), events(7));
  });

test('sends the expected revision with every append', async ({ open, events, standIn }) => {
  const log = await open();
  await log.append(events(2), now);
  await log.append(events(1, 2), now);
  await log.append(events(1, 3), now);
  assert.equal(
    standIn.seen.map(({ expected }) => expected),
    ['none', 1, 2],
  );
});

test('sends the same bytes again', async ({ open, events, standIn }) => {
  const log = await open({ retry: { answer: 1_500 } });
  standIn.faults.meet('written-and-cut', 'cut');
  await log.append(events(3), now);
  const [first, ...others] = standIn.seen;
  assert.is(others.length, 2);
  for (const other of others) assert.equal(other, first);
});

test('sends at most 500 events and half a mebibyte in one append', async ({ open, events, standIn }) => {
  const log = await open();
  const long = 'x'.repeat(100_000);
  const large = events(12).map((envelope) => ({ ...envelope, meta: { actor: long } }));
  await log.append(large, now);
  await log.append(events(1100, 12), now);
  assert.equal(
    standIn.seen.map(({ events }) => events.length),
    [5, 5, 2, 500, 500, 100],
  );
  assert.equal(await readAll(log), [...large, ...events(1100, 12)]);
});

test('refuses an event that no cluster accepts, and continues', async ({ open, events }) => {
  const log = await open();
  const [event] = events(1).map((envelope) => ({ ...envelope, meta: { actor: 'x'.repeat(1_000_000) } }));
  assert.match(
    (await rejection(log.append(event === undefined ? [] : [event], now))).message,
    /are more than the cluster accepts/,
  );
  await log.append(events(1), now);
  assert.is(log.end.position, 1);
});

test('refuses metadata with names that the cluster reserves', async ({ open, events }) => {
  const log = await open();
  const named = events(1).map((envelope) => ({ ...envelope, meta: { $maxAge: '1' } }));
  assert.match((await rejection(log.append(named, now))).message, /names with a \$ are reserved for the cluster/);
});

test('fences a writer after a write by another, and does not affect the other', async ({ open, events }) => {
  const first = await open();
  await first.append(events(2), now);
  const second = await open();
  await second.append(events(2, 2, 'b'), now);
  const { code, message, hint } = await rejection(first.append(events(1, 2), now));
  assert.is(code, 'busy');
  assert.match(message, 'another writer has written position 3');
  assert.match(hint, 'stop the other one');
  assert.match((await rejection(first.append(events(1, 2), now))).message, /accepts no more events/);
  await second.append(events(1, 4, 'b'), now);
  assert.is((await readAll(second)).length, 5);
});

test('reports the positions of a partial append followed by another writer', async ({
  open,
  events,
  standIn,
  stream,
}) => {
  const log = await open();
  const other = await open();
  await other.append(events(2), now);
  await other.append(events(1, 2, 'b'), now);
  const { code, message } = await rejection(log.append(events(3), now));
  assert.is(code, 'corrupt');
  assert.match(message, '2 of 3 events of one append are at position 1');
  assert.is(standIn.streams.read(stream, 0, 'forwards', 9)?.length, 3);
});

test('stops if the outcome of an append is unknown', async ({ open, events, standIn }) => {
  const log = await open({ retry: { answer: 3_000, outcome: 4_000, unanswered: 4_000 } });
  await log.append(events(1), now);
  standIn.faults.silent = true;
  const { code, message, hint } = await rejection(log.append(events(1, 1), now));
  assert.is(code, 'io');
  assert.match(message, /it is unknown whether 1 events were written: no answer within 3000 ms/);
  assert.match(hint, 'the next start finds out');
  assert.match((await rejection(log.append(events(1, 1), now))).message, /accepts no more events/);
});

test('stops if the cluster has lost events', async ({ open, events, standIn }) => {
  const log = await open({ retry: { outcome: 10_000 } });
  await log.append(events(3), now);
  standIn.restore(2);
  const { code, message } = await rejection(log.append(events(1, 3), now));
  assert.is(code, 'io');
  assert.match(message, 'does not end right before them');
});

test('is read by a reader that reconnects', async ({ open, events, standIn }) => {
  const log = await open();
  await log.append(events(4100), now);
  const read = [];
  for await (const page of log.read(0)) {
    read.push(...page);
    standIn.cut();
  }
  assert.equal(read, events(4100));
});

test.run();
