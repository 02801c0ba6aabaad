import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { eventId, stampEvents } from '../../../src/app/store/journal.ts';
import { prepared } from '../../support/sample-events.ts';

const test = suite('stamped events');
const store = '0b7c1e9e-3a55-4c8e-9d0a-6a1f6a3f1c11';
const actor = { actor: 'containerd', namespace: 'k8s.io' };

test('ids follow only from store and position, as version 5 of RFC 9562', () => {
  assert.is(eventId(store, 1), eventId(store, 1));
  assert.is.not(eventId(store, 1), eventId(store, 2));
  assert.is.not(eventId(store, 1), eventId('11111111-2222-4333-8444-555555555555', 1));
  assert.match(eventId(store, 7), /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

test('ids are those that other implementations of version 5 give', () => {
  const known = [
    [store, 1, '53ffde71-6707-5e17-957f-a02484650096'],
    [store, 7, '2cc85d68-b739-5427-bd41-0f9193326179'],
    [store, Number.MAX_SAFE_INTEGER, 'a1053d0d-2af8-5b71-a795-07040c82a9cd'],
    ['6ba7b810-9dad-11d1-80b4-00c04fd430c8', 123456, 'a52b2702-9bcf-5701-852a-2f4edc640fe1'],
  ] as const;
  for (const [of, position, id] of known) assert.is(eventId(of, position), id);
});

test('envelopes have consecutive positions, and all of one record share time and correlation', () => {
  const stamped = stampEvents([prepared(1, 'a'), prepared(2, 'b')], { store, after: 41, clock: () => 5n, actor });
  assert.equal(
    stamped.map(({ position }) => position),
    [42, 43],
  );
  assert.equal(
    stamped.map(({ time }) => time),
    [5n, 5n],
  );
  const [first, second] = stamped;
  assert.equal(first?.meta, { ...actor, correlation: eventId(store, 42) });
  assert.equal(second?.meta, first?.meta);
  assert.equal([first?.id, second?.id], [eventId(store, 42), eventId(store, 43)]);
});

test('an event names its cause', () => {
  const [only] = stampEvents([prepared(1, 'a')], { store, after: 41, clock: () => 5n, actor, cause: 7 });
  assert.is(only?.meta.causation, eventId(store, 7));
  assert.is(only?.meta.correlation, eventId(store, 7));
});

test.run();
