import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Envelope } from '../../../events/envelope.ts';
import { createLogSource, type SubscribeOptions, subscribe } from '../../../src/app/feed/subscribe.ts';
import { type EventSource, PositionGone, type SourceRequest } from '../../../src/ports/event-source.ts';
import { Fault } from '../../../src/ports/fault.ts';
import { createMemoryEventLog } from '../../support/memory-event-log.ts';
import { committed, enveloped, prepared } from '../../support/sample-events.ts';
import { waitFor } from '../../support/wait-for.ts';

const test = suite('subscribe');
const pauses = { first: 1, max: 4 };
const lost = () => new Fault('io', 'the connection is lost', { hint: '' });

const all = enveloped(Array.from({ length: 20 }, (_, index) => prepared(index + 1, `k${index + 1}`)));

/** A source that returns the events after a position in batches of three, and fails after the given number of batches. */
function breaking(batches: number, asked: SourceRequest[] = []): EventSource {
  return {
    read: async function* (request) {
      asked.push(request);
      const rest = all.filter(({ position }) => position > request.after);
      for (let index = 0; index < rest.length; index += 3) {
        if (index / 3 >= batches) throw lost();
        yield rest.slice(index, index + 3);
      }
    },
  };
}

/** The events of a subscription until it completes. */
function collected(options: SubscribeOptions): Promise<readonly Envelope[]> {
  const seen: Envelope[] = [];
  return new Promise((resolve, reject) =>
    subscribe({ pauses, ...options }).subscribe({
      next: (envelope) => void seen.push(envelope),
      error: reject,
      complete: () => resolve(seen),
    }),
  );
}

async function failure(options: SubscribeOptions): Promise<unknown> {
  return collected(options).then(
    () => assert.unreachable('expected an error'),
    (error: unknown) => error,
  );
}

function checkpointAt(position: number) {
  const saved = [position];
  return { saved, load: async () => saved.at(-1) ?? 0, save: async (to: number) => void saved.push(to) };
}

test('delivers every event once and in order over lost connections, and reports each retry', async () => {
  const asked: SourceRequest[] = [];
  const retries: number[] = [];
  const onRetry = (_: unknown, pause: number) => void retries.push(pause);
  assert.equal(await collected({ source: breaking(2, asked), onRetry }), all);
  assert.equal(
    asked.map(({ after, seen }) => [after, seen]),
    [
      [0, false],
      [6, true],
      [12, true],
      [18, true],
    ],
  );
  assert.equal(retries, [1, 1, 1]);
});

test('pauses grow while no event comes', async () => {
  const retries: number[] = [];
  const source = {
    read: async function* ({ after }: SourceRequest) {
      if (retries.length < 4) throw lost();
      yield all.slice(after);
    },
  };
  await collected({ source, onRetry: (_, pause) => void retries.push(pause) });
  assert.equal(retries, [1, 2, 4, 4]);
});

test('starts at the checkpoint or the given position, and saves its progress', async () => {
  const checkpoint = checkpointAt(15);
  const seen = await collected({ source: breaking(9), checkpoint, from: 3 });
  assert.equal(
    seen.map(({ position }) => position),
    [16, 17, 18, 19, 20],
  );
  assert.equal(checkpoint.saved, [15, 18, 20]);
  assert.is((await collected({ source: breaking(9), checkpoint: checkpointAt(0), from: 19 })).length, 2);
});

test('skips events that a source repeats', async () => {
  const source = {
    read: async function* () {
      yield all.slice(0, 5);
      yield all.slice(2, 20);
    },
  };
  assert.equal(await collected({ source }), all);
});

test('runs asynchronous work one event at a time, and saves a position only afterwards', async () => {
  const checkpoint = checkpointAt(0);
  let busy = 0;
  const done: number[] = [];
  const handle = async ({ position }: Envelope) => {
    assert.is(busy++, 0);
    assert.ok((checkpoint.saved.at(-1) ?? 0) <= (done.at(-1) ?? 0));
    await new Promise((resolve) => setImmediate(resolve));
    busy -= 1;
    done.push(position);
  };
  await collected({ source: breaking(3), checkpoint, handle });
  assert.equal(
    done,
    all.map(({ position }) => position),
  );
});

test('ends with the error of its work, whose position is not saved', async () => {
  const checkpoint = checkpointAt(0);
  const handle = ({ position }: Envelope) => {
    if (position === 5) throw new Error('my disk is full');
  };
  assert.match(String(await failure({ source: breaking(9), checkpoint, handle })), 'my disk is full');
  assert.equal(checkpoint.saved, [0, 3]);
});

test('ends with errors that a retry cannot resolve: a gap, a refusal', async () => {
  const gap = await failure({
    source: {
      read: async function* () {
        yield all.slice(4);
      },
    },
  });
  assert.equal(
    [(gap as Error).message, (gap as PositionGone).first],
    ['position 1 is gone: the first one after it is 5', 5],
  );
  for (const error of [new PositionGone(1, 9), new Fault('misuse', 'wrong token', { hint: '' }), new Error('bug')]) {
    let asked = 0;
    const read = async function* (): AsyncGenerator<readonly Envelope[]> {
      asked += 1;
      if (asked > 0) throw error;
      yield all;
    };
    assert.is(await failure({ source: { read } }), error);
    assert.is(asked, 1);
  }
});

test('stops reading when it is unsubscribed', async () => {
  let seen = 0;
  let ended = false;
  const read = async function* ({ signal }: SourceRequest) {
    yield all.slice(0, 2);
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
    ended = true;
  };
  const subscription = subscribe({ source: { read } }).subscribe(() => {
    seen += 1;
  });
  await waitFor('two events', () => seen === 2);
  subscription.unsubscribe();
  await waitFor('the end', () => ended);
});

test('reads a log of any adapter, filtered by type, to its end or on', async () => {
  const kept = createMemoryEventLog();
  const mixed = enveloped([prepared(1, 'a'), committed(1, 'a', 'b'), prepared(2, 'c')]);
  await kept.append(mixed, { flush: 'now' });
  const open = async () => ({ ...kept, end: kept.end, close: async () => {} });
  const seen = await collected({ source: createLogSource(open), types: ['SnapshotCommitted'] });
  assert.equal(seen, mixed.slice(1, 2));
  const positions: number[] = [];
  const following = subscribe({ source: createLogSource(open, { pollEvery: 5 }) }).subscribe(({ position }) =>
    positions.push(position),
  );
  await waitFor('the past', () => positions.length === 3);
  await kept.append(enveloped([prepared(3, 'd')], 3), { flush: 'now' });
  await waitFor('the new one', () => positions.length === 4);
  following.unsubscribe();
  const behind = (await failure({ source: createLogSource(open), checkpoint: checkpointAt(9) })) as Fault;
  assert.equal(
    [behind.code, behind.message],
    ['corrupt', 'the log ends at position 4, but the reader has seen position 9'],
  );
});

test.run();
