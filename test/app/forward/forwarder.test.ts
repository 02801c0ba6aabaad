import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Envelope } from '../../../events/envelope.ts';
import { Forwarder } from '../../../src/app/forward/forwarder.ts';
import { type ForwardStatus, forwardReport } from '../../../src/app/forward/status.ts';
import { createLabelFilter } from '../../../src/domain/filter/omit-labels.ts';
import type { EventLog, LogTrouble } from '../../../src/ports/event-log.ts';
import { Fault } from '../../../src/ports/fault.ts';
import { createMemoryEventLog, type MemoryRecord } from '../../support/memory-event-log.ts';
import { enveloped, prepared } from '../../support/sample-events.ts';
import { waitFor } from '../../support/wait-for.ts';

const now = { flush: 'now' } as const;
const pauses = { first: 1, max: 4 };

/** `count` events after a position; another `life` is another history. */
const events = (count: number, after = 0, life = 'a'): Envelope[] =>
  enveloped(
    Array.from({ length: count }, (_, index) => prepared(after + index + 1, `${life}-${after + index + 1}`)),
    after,
  );

/** A source with that many events, and the events that the target keeps between its openings. */
async function given(count: number, held: readonly Envelope[] = []) {
  const source = createMemoryEventLog();
  if (count > 0) await source.append(events(count), now);
  const kept: MemoryRecord[] = [];
  await createMemoryEventLog({ kept }).append(held, now);
  const statuses: ForwardStatus[] = [];
  const openings: (() => void)[] = [];
  const failing = { flush: async (_batch: readonly Envelope[]) => {} };
  const forwarders: Forwarder[] = [];
  const forward = (openTarget?: () => Promise<EventLog>, omitted: readonly string[] = []) => {
    const open = async () => {
      openings.shift()?.();
      return createMemoryEventLog({ kept, flush: (batch) => failing.flush(batch) });
    };
    const forwarder = new Forwarder({
      source,
      openTarget: openTarget ?? open,
      pauses,
      outgoing: createLabelFilter(omitted),
      onStatus: (status) => statuses.push(status),
    });
    forwarders.push(forwarder);
    forwarder.advance(source.end.position);
    return forwarder;
  };
  return { source, kept, statuses, openings, failing, forward, held: () => kept.map(({ envelope }) => envelope) };
}

const reached = (forwarder: Forwarder, state: ForwardStatus['state'], position: number) =>
  waitFor(`${state} at ${position}, it is ${JSON.stringify(forwarder.status)}`, () => {
    const { status } = forwarder;
    return status.state === state && status.position === position;
  });

const test = suite('forwarding');

test('copies recorded and live events, in order and each once', async () => {
  const { source, forward, held } = await given(2500);
  const forwarder = forward();
  await reached(forwarder, 'forwarding', 2500);
  for (let after = 2500; after < 2510; after++) {
    await source.append(events(1, after), now);
    forwarder.advance(after + 1);
  }
  await reached(forwarder, 'forwarding', 2510);
  assert.equal(held(), events(2510));
  await forwarder.close();
});

test('sends nothing beyond the durable position', async () => {
  const { source, forward, held } = await given(3);
  const forwarder = forward();
  await source.append(events(2, 3), now);
  await reached(forwarder, 'forwarding', 3);
  assert.is(held().length, 3);
  forwarder.advance(4);
  await reached(forwarder, 'forwarding', 4);
  assert.equal(held(), events(4));
  await forwarder.close();
});

test('continues after what the target holds', async () => {
  const { forward, held, statuses } = await given(1200, events(700));
  const forwarder = forward();
  await reached(forwarder, 'forwarding', 1200);
  assert.equal(held(), events(1200));
  assert.is(statuses[0]?.position, 700);
  await forwarder.close();
});

test('retries after transient failures, and clears the error after success', async () => {
  const { forward, held, openings, failing } = await given(20);
  openings.push(() => {
    throw new Fault('io', 'nobody answers', { hint: 'look at the cluster' });
  });
  let left = 3;
  failing.flush = async () => {
    if (left-- > 0) throw new Error('cut');
  };
  const forwarder = forward();
  await reached(forwarder, 'forwarding', 20);
  assert.equal(held(), events(20));
  const { failures, error, hint } = forwarder.status;
  assert.equal([failures, error, hint], [4, '', '']);
  await forwarder.close();
});

/** A target that reports the given trouble from its opening on. */
function troubled(kept: MemoryRecord[], first: LogTrouble | undefined) {
  let report: (trouble: LogTrouble | undefined) => void = () => {};
  let present = first;
  const openTarget = async () =>
    Object.assign(createMemoryEventLog({ kept }), {
      onTrouble: (listener: typeof report) => {
        report = listener;
        report(present);
      },
    });
  const change = (trouble: LogTrouble | undefined) => {
    present = trouble;
    report(trouble);
  };
  return { openTarget, report: change };
}

const deleted = {
  fault: new Fault('corrupt', 'the stream was deleted', { hint: 'look at the metadata' }),
  refuses: 'all',
} as const;

test('reports a deleted stream while idle, and continues when it is restored', async () => {
  const { forward, kept, source, held } = await given(3);
  const { openTarget, report } = troubled(kept, undefined);
  const forwarder = forward(openTarget);
  await reached(forwarder, 'forwarding', 3);
  report(deleted);
  await reached(forwarder, 'stopped', 3);
  assert.equal([forwarder.status.error, forwarder.status.hint], ['the stream was deleted', 'look at the metadata']);
  report(undefined);
  await source.append(events(1, 3), now);
  forwarder.advance(4);
  await reached(forwarder, 'forwarding', 4);
  assert.equal([forwarder.status.error, held()], ['', events(4)]);
  await forwarder.close();
});

test('continues and reports trouble while events expire in the target', async () => {
  const { forward, kept, held } = await given(3);
  const expiring = {
    fault: new Fault('corrupt', 'events expire ($maxCount=2)', { hint: 'take $maxCount away' }),
    refuses: 'ordinary',
  } as const;
  const { openTarget, report } = troubled(kept, expiring);
  const forwarder = forward(openTarget);
  await reached(forwarder, 'forwarding', 3);
  assert.equal([forwarder.status.error, forwarder.status.hint], ['events expire ($maxCount=2)', 'take $maxCount away']);
  report(undefined);
  await reached(forwarder, 'forwarding', 3);
  assert.equal([forwarder.status.error, forwarder.status.hint, held()], ['', '', events(3)]);
  await forwarder.close();
});

for (const [what, life, state] of [
  ['goes on from the first event that can be compared', 'a', 'forwarding'],
  ['finds another history', 'b', 'stopped'],
] as const)
  test(`${what} if the first ones have expired`, async () => {
    const { forward, kept, held } = await given(12, [...events(6), ...events(3, 6, life)]);
    const forwarder = forward(async () => {
      const target = createMemoryEventLog({ kept });
      const { read } = target;
      return Object.assign(target, {
        gone: { upTo: 6, fault: new Fault('corrupt', 'gone', { hint: '' }) },
        read: (after: number) => read(Math.max(6, after)),
      });
    });
    await waitFor(state, () => forwarder.status.state === state && (state === 'stopped' || held().length === 12));
    if (state === 'stopped') assert.match(forwarder.status.error, 'position 7 of it is another event');
    else assert.equal(held(), events(12));
    await forwarder.close();
  });

test('stops at an event that is too large for the target, and names it', async () => {
  const { forward, failing } = await given(2);
  failing.flush = async () => {
    throw new Fault('too-large', 'the event at position 1 has 1100000 bytes', { hint: 'set MaxAppendSize' });
  };
  const forwarder = forward();
  await reached(forwarder, 'stopped', 0);
  const { error, hint } = forwarder.status;
  assert.equal([error, hint], ['the event at position 1 has 1100000 bytes', 'set MaxAppendSize']);
  failing.flush = async () => {};
  await reached(forwarder, 'forwarding', 2);
  await forwarder.close();
});

test('stops for good if a setting is wrong', async () => {
  const { forward } = await given(1);
  let openings = 0;
  const forwarder = forward(async () => {
    openings += 1;
    throw new Fault('misuse', 'no such host', { hint: 'write host:port' });
  });
  await reached(forwarder, 'stopped', 0);
  forwarder.advance(5);
  assert.equal(
    { ...forwarder.status, openings },
    { state: 'stopped', position: 0, failures: 1, error: 'no such host', hint: 'write host:port', openings: 1 },
  );
  await forwarder.close();
});

for (const [what, held, expected] of [
  ['holds more than the log', events(12), /holds 12 events, this log only 10: the log was restored from an older copy/],
  ['is of another store', events(5, 0, 'b'), /position 1 of it is another event/],
  ['parted from the log', [...events(6), ...events(3, 6, 'b')], /position 7 of it is another event/],
  ['parted at its last event', [...events(8), ...events(1, 8, 'b')], /position 9 of it is another event/],
] as const)
  test(`stops and changes nothing if the target ${what}`, async () => {
    const { forward, held: there } = await given(10, held);
    const forwarder = forward();
    await waitFor('a stop', () => forwarder.status.state === 'stopped');
    assert.match(forwarder.status.error, expected);
    assert.match(forwarder.status.hint, 'nothing was changed');
    assert.equal(there(), held);
    await forwarder.close();
  });

/** The same events with labels of a secret and an open name. */
const labelled = (count: number, after = 0, value = '1'): Envelope[] =>
  events(count, after).map((envelope) => {
    const { event } = envelope;
    if (event.type !== 'SnapshotPrepared') return envelope;
    return { ...envelope, event: { ...event, data: { ...event.data, labels: { secret: value, open: value } } } };
  });
const labelsOf = (held: readonly Envelope[]) =>
  held.map(({ event }) => ('labels' in event.data ? Object.keys(event.data.labels).join() : ''));

/** Forwards the labelled events of a source, up to the first ones with each setting in turn. */
async function inTurns(turns: readonly (readonly [upTo: number, omitted: readonly string[]])[]) {
  const { kept, held } = await given(0);
  const source = createMemoryEventLog();
  for (const [upTo, omitted] of turns) {
    await source.append(labelled(upTo - source.end.position, source.end.position), now);
    const forwarder = new Forwarder({
      source,
      openTarget: async () => createMemoryEventLog({ kept }),
      outgoing: createLabelFilter(omitted),
      pauses,
    });
    forwarder.advance(upTo);
    await reached(forwarder, 'forwarding', upTo);
    await forwarder.close();
  }
  return held();
}

test('leaves labels out, and nothing else', async () => {
  const held = await inTurns([[5, ['sec*']]]);
  assert.equal(labelsOf(held), Array(5).fill('open'));
  assert.equal(held, labelled(5).map(createLabelFilter(['secret'])));
});

test('continues after the labels to leave out were changed: what was sent stays', async () => {
  const held = await inTurns([
    [2, []],
    [4, ['secret']],
    [6, ['*']],
    [150, []],
    [151, ['open']],
  ]);
  assert.equal(labelsOf(held).slice(0, 7), ['secret,open', 'secret,open', 'open', 'open', '', '', 'secret,open']);
  assert.is(labelsOf(held).at(-1), 'secret');
});

for (const [what, held] of [
  ['is another event', [...labelled(5), ...events(2, 5, 'b')]],
  ['has another value of a label', [...labelled(5), ...labelled(1, 5, '2')]],
] as const)
  test(`finds a divergence of events without some of their labels: one ${what}`, async () => {
    const { source, forward, held: there } = await given(0, held.map(createLabelFilter(['secret'])));
    await source.append(labelled(10), now);
    for (const omitted of [[], ['secret'], ['open']]) {
      const forwarder = forward(undefined, omitted);
      await waitFor('a stop', () => forwarder.status.state === 'stopped');
      assert.match(forwarder.status.error, 'position 6 of it is another event');
      await forwarder.close();
    }
    assert.equal(there(), held.map(createLabelFilter(['secret'])));
  });

test('finds the position where a long history diverged', async () => {
  const { forward } = await given(3000, [...events(1234), ...events(1500, 1234, 'b')]);
  const forwarder = forward();
  await waitFor('a stop', () => forwarder.status.state === 'stopped');
  assert.match(forwarder.status.error, 'position 1235 of it');
  await forwarder.close();
});

test('stops at positions that a repair left out before they were sent', async () => {
  const { forward, source, held } = await given(5);
  const read = source.read;
  source.read = async function* (after) {
    for await (const batch of read(after)) yield batch.filter(({ position }) => position !== 3);
  };
  const forwarder = forward();
  await waitFor('a stop', () => forwarder.status.state === 'stopped');
  assert.match(forwarder.status.error, 'positions 3 to 3 of the log are lost');
  assert.equal(held(), events(2));
  await forwarder.close();
});

test('waits for the first durable position', async () => {
  const { source } = await given(0);
  const forwarder = new Forwarder({ source, openTarget: async () => createMemoryEventLog() });
  assert.is(forwarder.status.state, 'connecting');
  await forwarder.close();
});

test('is reported as off, or with its lag', () => {
  assert.equal(forwardReport(undefined, 5), { state: 'off' });
  const status = { state: 'retrying', position: 3, failures: 1, error: 'e', hint: 'h' } as const;
  assert.equal(forwardReport(status, 5), { ...status, durable: 5, lag: 2 });
});

test.run();
