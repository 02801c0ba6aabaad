import { suite, type Test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Envelope, encodeEnvelope } from '../../events/envelope.ts';
import { readEncoded } from '../../src/app/feed/batch.ts';
import { eventId } from '../../src/app/store/journal.ts';
import type { AppendOptions, EventLog } from '../../src/ports/event-log.ts';
import { Fault } from '../../src/ports/fault.ts';
import { enveloped, oneOfEach, prepared } from '../support/sample-events.ts';

/** A log that a contract test works on. */
export interface EventLogSubject {
  readonly log: EventLog;
  /** Closes the log and opens the same one again. */
  reopen(): Promise<EventLog>;
  /** Releases the resources of the subject. */
  dispose(): Promise<void>;
  /** The number of flushes. */
  flushes(): number;
  /** Makes the next flush fail. */
  failNext(code: 'no-space' | 'io'): void;
}

/** Tests that not every adapter's storage supports. */
export interface EventLogAbilities {
  /** flushes can be counted, and all appends may share them */
  readonly flushes: boolean;
  /** flushes can be made to fail */
  readonly failures: boolean;
  /** the storage can be full, and have space again */
  readonly full: boolean;
}

interface Context {
  subject: EventLogSubject;
}

const store = '0b7c1e9e-3a55-4c8e-9d0a-6a1f6a3f1c11';

const now: AppendOptions = { flush: 'now' };
const soon: AppendOptions = { flush: 'soon' };

/** `count` prepared snapshots that follow a position. */
const events = (count: number, after: number): Envelope[] =>
  stamped(
    enveloped(
      Array.from({ length: count }, (_, index) => prepared(after + index + 1, `key-${after + index + 1}`)),
      after,
    ),
  );

/** With ids as a store assigns them. */
const stamped = (envelopes: readonly Envelope[]): Envelope[] =>
  envelopes.map((envelope) => ({ ...envelope, id: eventId(store, envelope.position) }));

async function readAll(log: Pick<EventLog, 'read'>, after = 0): Promise<Envelope[]> {
  const all: Envelope[] = [];
  for await (const batch of log.read(after)) all.push(...batch);
  return all;
}

const isFault = (code: string) => (error: unknown) => error instanceof Fault && error.code === code;

async function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => assert.unreachable('expected a rejection'),
    (error: unknown) => error,
  );
}

/** The contract of every EventLog. `create` returns a new empty log of a new store. */
export function eventLogContract(
  name: string,
  create: () => Promise<EventLogSubject>,
  able: EventLogAbilities = { flushes: true, failures: true, full: true },
): void {
  const test = suite<Context>(`${name} as an event log`);
  test.before.each(async (context) => {
    context.subject = await create();
  });
  test.after.each(({ subject }) => subject.dispose());

  test('starts at position 0 with nothing to read', async ({ subject: { log } }) => {
    assert.is(log.end.position, 0);
    assert.is(await log.chainHashAt(0), log.end.chainHash);
    assert.equal(await readAll(log), []);
  });

  test('returns every kind of event as it was appended', async ({ subject: { log } }) => {
    const all = stamped(enveloped(oneOfEach));
    await log.append(all, now);
    assert.equal(await readAll(log), all);
  });

  test('keeps events and chain hashes when it is opened again', async ({ subject }) => {
    const all = events(20, 0);
    for (const envelope of all) await subject.log.append([envelope], now);
    const { end } = subject.log;
    const again = await subject.reopen();
    assert.equal(again.end, end);
    assert.equal(await readAll(again), all);
    await again.append(events(1, 20), now);
    assert.is(again.end.position, 21);
  });

  test('reads what follows a position, and nothing at the end', async ({ subject: { log } }) => {
    const all = events(3000, 0);
    await log.append(all, now);
    for (const after of [1, 999, 1000, 2999]) assert.equal(await readAll(log, after), all.slice(after));
    assert.equal(await readAll(log, 3000), []);
    assert.equal(await readAll(log, 5000), []);
  });

  test('reads the same events encoded', async ({ subject: { log } }) => {
    const all = [...enveloped(oneOfEach), ...events(2500, oneOfEach.length)];
    await log.append(all, now);
    for (const after of [0, 1, 999, 1000, all.length - 1, all.length, all.length + 9]) {
      let position = after;
      let text = '';
      for await (const { first, count, lines } of readEncoded(log, after)) {
        assert.is(first, position + 1);
        position += count;
        text += Buffer.from(lines).toString();
      }
      assert.is(position, Math.max(after, all.length));
      assert.is(
        text,
        all
          .slice(after)
          .map((envelope) => `${JSON.stringify(encodeEnvelope(envelope))}\n`)
          .join(''),
      );
    }
  });

  test('lets a reader stop early', async ({ subject: { log } }) => {
    await log.append(events(3000, 0), now);
    for await (const [first] of log.read(7)) {
      assert.is(first?.position, 8);
      break;
    }
    assert.is((await readAll(log, 2990)).length, 10);
  });

  test('moves its end as soon as events are accepted', async ({ subject: { log } }) => {
    const appended = log.append(events(3, 0), now);
    assert.is(log.end.position, 3);
    const { chainHash } = log.end;
    await appended;
    assert.equal(log.end, { position: 3, chainHash });
  });

  test('stores overlapping appends in the order of the calls', async ({ subject: { log } }) => {
    const order: number[] = [];
    const appends = Array.from({ length: 50 }, (_, index) =>
      log.append(events(1, index), now).then(() => order.push(index)),
    );
    await Promise.all(appends);
    assert.equal(
      order,
      [...order].sort((a, b) => a - b),
    );
    assert.equal(await readAll(log), events(50, 0));
  });

  test('refuses positions that do not follow, and stores nothing of them', async ({ subject: { log } }) => {
    await log.append(events(2, 0), now);
    const [third, fourth] = events(2, 2);
    for (const wrong of [events(1, 0), events(1, 1), events(1, 3), [fourth, third]])
      assert.ok((await rejection(log.append(wrong as Envelope[], now))) instanceof TypeError);
    assert.is(log.end.position, 2);
    await log.append(events(1, 2), now);
    assert.equal(await readAll(log), events(3, 0));
  });

  test('rejects a refused append, and keeps its end', async ({ subject: { log } }) => {
    const { end } = log;
    const appended = log.append(events(1, 7), now);
    assert.is(log.end.position, end.position);
    assert.ok((await rejection(appended)) instanceof TypeError);
  });

  test('accepts an append of no events', async ({ subject: { log } }) => {
    await log.append([], now);
    assert.is(log.end.position, 0);
  });

  test('proves every position by the chain hash that its end had there', async ({ subject }) => {
    const chainHashes = [subject.log.end.chainHash];
    for (const envelope of events(12, 0)) {
      await subject.log.append([envelope], now);
      chainHashes.push(subject.log.end.chainHash);
    }
    assert.is(new Set(chainHashes).size, 13);
    for (const open of [async () => subject.log, subject.reopen]) {
      const log = await open();
      for (const [position, chainHash] of chainHashes.entries()) assert.is(await log.chainHashAt(position), chainHash);
      assert.is(await log.chainHashAt(13), undefined);
    }
  });

  test('has other chain hashes than the log of another store', async ({ subject: { log } }) => {
    const other = await create();
    try {
      await Promise.all([log.append(events(1, 0), now), other.log.append(events(1, 0), now)]);
      assert.is.not(log.end.chainHash, other.log.end.chainHash);
    } finally {
      await other.dispose();
    }
  });

  test('stores deferrable events without a further call', async ({ subject: { log } }) => {
    await log.append(events(1, 0), soon);
    assert.equal(await readAll(log), events(1, 0));
  });

  test('settles when every accepted event is stored', async ({ subject: { log } }) => {
    const appends = [log.append(events(1, 0), soon), log.append(events(1, 1), now), log.append(events(1, 2), soon)];
    await log.settled();
    assert.equal(await readAll(log), events(3, 0));
    await Promise.all(appends);
    await log.settled();
  });

  test('stores accepted events on close, can be closed twice, and then rejects appends', async ({ subject }) => {
    const { log } = subject;
    const appended = log.append(events(2, 0), soon);
    await log.close();
    await appended;
    await log.close();
    assert.ok(isFault('stopped')(await rejection(log.append(events(1, 2), now))));
    assert.equal(await readAll(await subject.reopen()), events(2, 0));
  });

  if (able.flushes) sharing(test);
  if (able.full) filling(test);
  if (able.failures) failing(test);
  test.run();
}

function sharing(test: Test<Context>): void {
  test('lets concurrent appends share flushes', async ({ subject: { log, flushes } }) => {
    const before = flushes();
    await Promise.all(Array.from({ length: 32 }, (_, index) => log.append(events(1, index), now)));
    assert.ok(flushes() - before <= 2, `${flushes() - before} flushes`);
  });

  test('stores deferrable events together with awaited ones', async ({ subject }) => {
    const { log, flushes } = subject;
    const before = flushes();
    await Promise.all([log.append(events(1, 0), soon), log.append(events(1, 1), now)]);
    assert.is(flushes() - before, 1);
  });
}

function filling(test: Test<Context>): void {
  test('rolls back all pending events if the disk is full, and continues', async ({ subject }) => {
    const { log, failNext } = subject;
    await log.append(events(2, 0), now);
    const { end } = log;
    failNext('no-space');
    const order: number[] = [];
    const appends = [log.append(events(1, 2), now), log.append(events(2, 3), soon)];
    appends.forEach((append, index) => void append.catch(() => order.push(index)));
    // The end is rolled back in the tick in which the first append rejects.
    void appends[0]?.catch(() => assert.equal(log.end, end));
    const errors = await Promise.all(appends.map(rejection));
    assert.ok(errors.every(isFault('no-space')), String(errors));
    assert.equal(log.end, end);
    assert.equal(order, [0, 1]);
    await log.append(events(3, 2), now);
    assert.equal(await readAll(log), events(5, 0));
    assert.equal(await readAll(await subject.reopen()), events(5, 0));
  });
}

function failing(test: Test<Context>): void {
  test('stops after any other failure of a flush until it is opened again', async ({ subject }) => {
    const { log, failNext } = subject;
    await log.append(events(2, 0), now);
    failNext('io');
    const errors = await Promise.all([log.append(events(1, 2), now), log.append(events(1, 3), now)].map(rejection));
    assert.ok(errors.every(isFault('io')), String(errors));
    assert.ok(isFault('stopped')(await rejection(log.append(events(1, log.end.position), now))));
    assert.equal(await readAll(log), events(2, 0));
    await log.settled();
    const again = await subject.reopen();
    assert.ok(again.end.position >= 2);
    await again.append(events(1, again.end.position), now);
  });
}
