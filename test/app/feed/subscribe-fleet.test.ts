import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type SubscribeFleetOptions, subscribeFleet } from '../../../src/app/feed/subscribe-fleet.ts';
import { Fault } from '../../../src/ports/fault.ts';
import type {
  FleetBatch,
  FleetItem,
  FleetProgress,
  FleetRequest,
  FleetSource,
} from '../../../src/ports/fleet-source.ts';
import { enveloped, prepared } from '../../support/sample-events.ts';
import { waitFor } from '../../support/wait-for.ts';

const test = suite('subscribeFleet');
const pauses = { first: 1, max: 4 };
const lost = () => new Fault('io', 'the connection is lost', { hint: '' });
const at = (commit: number) => ({ commit: BigInt(commit), prepare: BigInt(commit) });

const envelopes = enveloped(Array.from({ length: 4 }, (_, index) => prepared(index + 1, `k${index + 1}`)));
const event = (store: string, position: number): FleetItem => ({
  kind: 'event',
  store,
  at: at(0),
  envelope: envelopes[position - 1] as (typeof envelopes)[0],
  chainHash: `${store}${position}`,
  recorded: 0,
});
const starts = (store: string): FleetItem => ({ kind: 'starts', store, at: at(0), first: 1, replaces: undefined });
const stops = (store: string): FleetItem => ({ kind: 'stops', store, at: at(0), fault: lost() });
const batch = (commit: number, ...items: FleetItem[]): FleetBatch => ({ items, at: at(commit), caughtUp: false });

/** A source whose reads return these, one after the other; a read that has no end fails. */
function scripted(...reads: readonly (readonly FleetBatch[])[]): FleetSource & { readonly asked: FleetRequest[] } {
  const asked: FleetRequest[] = [];
  return {
    where: 'here',
    asked,
    read: async function* (request) {
      const batches = reads[asked.length] ?? [];
      asked.push({ ...request, heads: new Map(request.heads) });
      yield* batches;
      if (asked.length < reads.length) throw lost();
    },
  };
}

function collected(options: SubscribeFleetOptions): Promise<readonly FleetItem[]> {
  const seen: FleetItem[] = [];
  return new Promise((resolve, reject) =>
    subscribeFleet({ pauses, ...options }).subscribe({
      next: (item) => void seen.push(item),
      error: reject,
      complete: () => resolve(seen),
    }),
  );
}

/** A checkpoint that keeps what was saved. */
function remembering(known?: FleetProgress) {
  const saved: FleetProgress[] = [];
  return {
    saved,
    load: async () => known,
    save: async ({ at: position, heads }: FleetProgress) => void saved.push({ at: position, heads: new Map(heads) }),
  };
}

test('reconnects at the last batch, with the heads of the stores', async () => {
  const retried: number[] = [];
  const first = [starts('a'), event('a', 1), starts('b'), event('b', 1), stops('b')];
  const source = scripted([batch(10, ...first)], [], [batch(20, event('a', 2))]);
  const seen = await collected({ source, onRetry: (_, pause) => retried.push(pause) });
  assert.equal(seen, [...first, event('a', 2)]);
  assert.equal(
    source.asked.map(({ after }) => after),
    [undefined, at(10), at(10)],
  );
  assert.equal(
    source.asked[2]?.heads,
    new Map([
      ['a', { position: 1, chainHash: 'a1', stopped: false }],
      ['b', { position: 1, chainHash: 'b1', stopped: true }],
    ]),
  );
  assert.equal(retried, [1, 2], 'the pause doubles until something is delivered');
});

test('saves progress after the handler, and continues from it', async () => {
  const order: string[] = [];
  const checkpoint = remembering();
  const source = scripted([batch(10, starts('a'), event('a', 1)), batch(30)]);
  await collected({
    source,
    checkpoint: {
      ...checkpoint,
      save: async (progress) => {
        order.push(`saved ${progress.at.commit}`);
        await checkpoint.save(progress);
      },
    },
    handle: async ({ kind }) => {
      await new Promise((resolve) => setTimeout(resolve, 1));
      order.push(kind);
    },
  });
  assert.equal(order, ['starts', 'event', 'saved 10', 'saved 30']);
  const resumed = scripted([]);
  await collected({ source: resumed, checkpoint: remembering(checkpoint.saved.at(-1)) });
  assert.equal([resumed.asked[0]?.after, resumed.asked[0]?.heads.get('a')?.position], [at(30), 1]);
});

test('an error of the handler ends it, and nothing is saved', async () => {
  const checkpoint = remembering();
  const source = scripted([batch(10, starts('a'), event('a', 1))]);
  const handle = ({ kind }: FleetItem) => {
    if (kind === 'event') throw new Error('no');
  };
  await collected({ source, checkpoint, handle }).then(
    () => assert.unreachable(),
    (error) => assert.is(error.message, 'no'),
  );
  assert.equal(checkpoint.saved, []);
});

test('a fault that is final ends it', async () => {
  const fault = new Fault('corrupt', 'the cluster ends before', { hint: '' });
  const source: FleetSource = {
    where: 'here',
    // biome-ignore lint/correctness/useYield: it fails at once
    read: async function* () {
      throw fault;
    },
  };
  await collected({ source }).then(
    () => assert.unreachable(),
    (error) => assert.is(error, fault),
  );
});

test('an end within a batch: the position stays, and the heads say what was delivered', async () => {
  const checkpoint = remembering({ at: at(5), heads: new Map() });
  const source = scripted([batch(10, starts('a'), event('a', 1), event('a', 2))]);
  const subscription = subscribeFleet({ source, checkpoint, pauses }).subscribe((item) => {
    if (item.kind === 'event') subscription.unsubscribe();
  });
  await waitFor('the checkpoint', () => checkpoint.saved.length > 0);
  assert.equal(checkpoint.saved, [
    { at: at(5), heads: new Map([['a', { position: 1, chainHash: 'a1', stopped: false }]]) },
  ]);
});

test.run();
