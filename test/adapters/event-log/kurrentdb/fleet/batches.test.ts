import { randomUUID } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { AllRecorded, Subscription } from '../../../../../src/adapters/event-log/kurrentdb/connect.ts';
import { maxLength } from '../../../../../src/adapters/event-log/kurrentdb/fleet/batch.ts';
import { createKurrentFleetSource } from '../../../../../src/adapters/event-log/kurrentdb/fleet/fleet-source.ts';
import { createInbox } from '../../../../../src/adapters/event-log/kurrentdb/fleet/inbox.ts';
import { eventsIn, readFleet } from '../../../../contract/fleet-source.contract.ts';
import { startStandIn } from '../../../../support/kurrent/stand-in.ts';
import { createStoreWriter } from '../../../../support/kurrent/store-writer.ts';
import { enveloped, prepared } from '../../../../support/sample-events.ts';
import { createSandbox } from '../../../../support/sandbox.ts';

const sandbox = createSandbox('fleet-batches');
const test = suite('batches of a fleet source');
test.after(() => sandbox.close());

test('large events: a batch ends before it has too many bytes, and nothing is left out or repeated', async () => {
  const standIn = await startStandIn();
  sandbox.atEnd(standIn.close);
  const size = 1_000_000;
  const labels = { large: 'x'.repeat(size) };
  const store = randomUUID();
  const events = enveloped(Array.from({ length: 80 }, (_, id) => prepared(id + 1, `ns/${id + 1}/a`, null, labels)));
  createStoreWriter(standIn.streams, store).write(events);
  const { items, batches } = await readFleet(createKurrentFleetSource({ url: standIn.url }), {
    done: (_, { caughtUp }) => caughtUp,
  });
  assert.equal(
    eventsIn(items).map(({ position }) => position),
    events.map(({ position }) => position),
  );
  const most = Math.ceil(maxLength / size) + 1;
  const lengths = batches.map((batch) => batch.items.length);
  assert.ok(
    lengths.every((length) => length <= most),
    `${lengths}`,
  );
});

test('a live inbox: pauses its subscription at so many events, or so much data, until it is emptied', async () => {
  const event = (data: string) => ({ data }) as Partial<AllRecorded> as AllRecorded;
  for (const [data, count] of [
    ['', 8],
    ['x'.repeat(50), 2],
  ] as const) {
    const inbox = createInbox(4, 100);
    const calls: string[] = [];
    const note = (call: string) => () => void calls.push(call);
    const subscription: Subscription = { pause: note('pause'), resume: note('resume'), close: note('close') };
    inbox.attach(subscription);
    for (let left = count - 1; left > 0; left--) inbox.event(event(data));
    assert.equal(calls, []);
    inbox.event(event(data));
    assert.equal(calls, ['pause']);
    let taken = 0;
    while (!inbox.isEmpty()) taken += (await inbox.next(0, 0)).events.length;
    assert.is(taken, count);
    assert.is(calls.at(-1), 'resume');
  }
});

test.run();
