import type { JSONType } from '@kurrent/kurrentdb-client';
import * as either from 'fp-ts/lib/Either.js';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { emptyState, evolve, type MutableState } from '../../../projections/state.ts';
import { envelopeOf, follows, genesisHash, storedOf } from '../../../src/adapters/event-log/kurrentdb/wire.ts';
import { playFleet, type Sent } from './play-fleet.ts';

const options = { seed: 7, nodes: 6, snapshots: 60, events: 900, end: 1_790_000_000_000_000_000n };

/** The event as the client returns it. */
function recordedOf({ store, links }: Sent) {
  return links.map(({ proposal, position }) => {
    const { id, type, data, metadata } = structuredClone(proposal);
    const fields = {
      streamId: `snapledger-${store}`,
      isJson: true as const,
      created: new Date(0),
      revision: BigInt(position - 1),
    };
    return { ...fields, id, type, data: data as JSONType, metadata };
  });
}

const test = suite('simulated fleet');

test('logs: are complete, verified chains whose events all decode', () => {
  const states = new Map<string, MutableState>();
  const heads = new Map<string, string>();
  const types = new Set<string>();
  let last = 0n;
  for (const sent of playFleet(options)) {
    assert.ok(sent.time >= last, 'in the order of times');
    last = sent.time;
    const state = states.get(sent.store) ?? emptyState();
    states.set(sent.store, state);
    for (const recorded of recordedOf(sent)) {
      const stored = storedOf(recorded);
      assert.ok(either.isRight(stored));
      assert.ok(follows(stored.right, heads.get(sent.store) ?? genesisHash(sent.store)));
      heads.set(sent.store, stored.right.chainHash);
      const envelope = envelopeOf(stored.right);
      assert.ok(either.isRight(envelope));
      assert.is(envelope.right.position, state.position + 1);
      types.add(envelope.right.event.type);
      evolve(state, envelope.right);
    }
  }
  assert.is(states.size, options.nodes);
  for (const { position, index, usage } of states.values()) {
    assert.is(position, options.events);
    assert.ok(index.size > options.snapshots / 2, String(index.size));
    assert.ok(usage.size > 0);
  }
  for (const type of ['SnapshotRemoved', 'SnapshotRestored', 'RetentionEnded', 'VolumePurged', 'ContainerdObserved'])
    assert.ok(types.has(type), type);
  assert.ok(last <= options.end + 3_600_000_000_000n, 'it ends with the day');
});

test('logs: are the same for the same seed, and others for another', () => {
  const lastOf = (seed: number) => [...playFleet({ ...options, seed, nodes: 2 })].at(-1)?.links.at(-1)?.chainHash;
  assert.is(lastOf(1), lastOf(1));
  assert.is.not(lastOf(1), lastOf(2));
});

test.run();
