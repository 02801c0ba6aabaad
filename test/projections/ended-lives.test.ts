import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Envelope, encodeEnvelope } from '../../events/envelope.ts';
import { type Event, versions } from '../../events/registry.ts';
import { createEndedLives } from '../../projections/ended-lives.ts';
import { refLabel } from '../../projections/offer.ts';
import { toRows } from '../../projections/rows.ts';
import { evolve, initialState, type State } from '../../projections/state.ts';
import { committed, enveloped, oneOfEach, prepared, removed } from '../support/sample-events.ts';

const test = suite('projections/ended-lives');

const textOf = (envelope: Envelope) => JSON.stringify(encodeEnvelope(envelope));
/** All that a state holds, what a checkpoint leaves out as well. */
const contentOf = (state: State) =>
  [
    ...toRows(state),
    ...[...state.usage].map(([id, usage]) => ['usage', id, usage]),
    ...[...state.volumes.wanted].map(([id, wanted]) => ['wanted', id, wanted]),
    ...[...state.lineage].map(([id, { key, parentId, children }]) => {
      return ['lineage', id, key, parentId, [...children].map(([child]) => child).sort()];
    }),
  ]
    .map((part) => JSON.stringify(part))
    .sort();

/** The state without the lives that have ended, and how many events that took. */
function sieved(envelopes: readonly Envelope[], texts = envelopes.map(textOf)) {
  const lives = createEndedLives();
  const ids = texts.map(lives.note);
  const kept = envelopes.filter((_, index) => !lives.skips(ids[index] ?? 0));
  return { folded: kept.length, state: lives.complete(kept.reduce(evolve, initialState), envelopes.length) };
}

const purged = (id: number): Event => ({ type: 'VolumePurged', data: { id, why: 'removed', bytes: 0 } });
const measured = (id: number): Event => ({ type: 'UsageMeasured', data: { id, bytes: 4096, inodes: 1 } });
const released = (id: number, key: string): Event => ({ type: 'RetentionEnded', data: { id, key, why: 'age' } });
const retained = (id: number, key: string): Event => ({
  type: 'SnapshotRemoved',
  data: {
    ...{ id, key, kind: 'committed', parent: '', parentId: null, labels: { [refLabel]: 'layer' } },
    ...{ created: 0n, updated: 0n, retained: true },
  },
});
const restored = (id: number, key: string): Event => ({
  type: 'SnapshotRestored',
  data: { id, key, parent: '', parentId: null, labels: {}, created: 0n, why: 'adopted' },
});
const layer = (id: number) => [prepared(id, `k${id}`), committed(id, `k${id}`, `c${id}`), measured(id)];

/** A life to its end, and one that goes on. */
const lifeOf = (id: number) => [...layer(id), removed(id, `c${id}`), purged(id)];

const cases: readonly [title: string, events: readonly Event[], folded: number][] = [
  ['a life that has ended is not folded', [...lifeOf(1), ...layer(2)], 3],
  ['nor is an active that was removed', [prepared(1, 'k'), removed(1, 'k'), purged(1)], 0],
  ['what waits for its purge is folded', lifeOf(1).slice(0, -1), 4],
  ['a usage that was measured after the purge stays', [...lifeOf(1), measured(1)], 6],
  ['and one after the removal', [...layer(1), removed(1, 'c1'), measured(1), purged(1)], 6],
  ['a life whose retention has ended is not folded', [...layer(1), retained(1, 'c1'), released(1, 'c1'), purged(1)], 0],
  ['what is retained is folded', [...layer(1), retained(1, 'c1')], 4],
  [
    'a retained life is folded where something was restored, which may be offered for the same',
    [
      ...layer(1),
      retained(1, 'c1'),
      restored(1, 'c1'),
      ...layer(2),
      retained(2, 'c2'),
      released(2, 'c2'),
      purged(2),
      ...lifeOf(3),
    ],
    11,
  ],
  [
    'and where its retention ended before that of an older one',
    [...layer(1), retained(1, 'c1'), ...layer(2), retained(2, 'c2'), released(2, 'c2'), purged(2)],
    10,
  ],
  ['a life that began before what is read is folded', lifeOf(1).slice(1), 4],
];

for (const [title, events, folded] of cases)
  test(title, () => {
    const envelopes = enveloped(events);
    const found = sieved(envelopes);
    assert.is(found.folded, folded);
    assert.equal(contentOf(found.state), contentOf(envelopes.reduce(evolve, initialState)));
  });

test('every event that ever shipped is known, in every version', () => {
  for (const [type, shipped] of Object.entries(versions))
    shipped.forEach((_, index) => {
      const wire = `${type}.v${index + 1}`;
      const sample = oneOfEach.find((event) => event.type === type);
      assert.ok(sample, type);
      const envelopes = enveloped([...lifeOf(99), sample]);
      const texts = envelopes.map(textOf).map((text) => text.replace(`${type}.v${shipped.length}`, wire));
      assert.ok(sieved(envelopes, texts).folded < 6, wire);
    });
});

test('an event of a type that is not known has everything folded', () => {
  const envelopes = enveloped([...lifeOf(1), ...lifeOf(2)]);
  const texts = envelopes.map(textOf).map((text) => text.replace('VolumePurged.v1', 'VolumePurged.v2'));
  assert.is(sieved(envelopes, texts).folded, envelopes.length);
});

test('so has one that is of a life, but whose number is not where it belongs', () => {
  const envelopes = enveloped([...lifeOf(1), ...lifeOf(2)]);
  const texts = envelopes.map(textOf).map((text) => text.replace('"data":{"id":"2"', '"data":{"ID":"2"'));
  assert.is(sieved(envelopes, texts).folded, envelopes.length);
});

test('a number too large for the table is folded', () => {
  const envelopes = enveloped([...lifeOf(1), ...lifeOf(2 ** 40)]);
  const found = sieved(envelopes);
  assert.is(found.folded, 5);
  assert.is(found.state.life.lastId, 2 ** 40);
});

/** Plays choices as a store might: lives of all shapes, in between each other, some events where no store would put them. */
function played(choices: readonly number[]): readonly Event[] {
  const events: Event[] = [{ type: 'StoreCreated', data: { store: 's', driver: 'overlay', version: '1' } }];
  let state = initialState;
  let lastId = 0;
  const say = (event: Event) => {
    events.push(event);
    state = enveloped([event], events.length - 1).reduce(evolve, state);
  };
  for (const [turn, choice] of choices.entries()) {
    const [what, pick] = [choice % 16, Math.floor(choice / 16)];
    const living = [...state.index].map(([, snapshot]) => snapshot).sort((a, b) => a.id - b.id);
    const pickOf = <T>(all: readonly T[]): T | undefined => all[pick % Math.max(all.length, 1)];
    const actives = living.filter(({ kind }) => kind === 'active');
    const leaves = living.filter(({ id }) => (state.lineage.get(id)?.children.size ?? 0) === 0);
    const kept = [...state.volumes.retained]
      .sort(([a], [b]) => a - b)
      .map(([id, { snapshot }]) => ({ ...snapshot, id }));
    const doomed = [...state.volumes.doomed].map(([id]) => id).sort((a, b) => a - b);
    if (what < 4) {
      const parents = living.filter(({ kind }) => kind === 'committed');
      const parent = pick % 3 === 0 ? undefined : pickOf(parents);
      lastId += 1;
      const labels = { [refLabel]: `layer-${pick % 2}` };
      const base = { parent: parent?.key ?? '', parentId: parent?.id ?? null, labels };
      say({ type: 'SnapshotPrepared', data: { id: lastId, key: `ns/${turn}/k`, kind: 'active', ...base } });
    } else if (what < 7) {
      const active = pickOf(actives);
      if (active === undefined) continue;
      const { id, key, parent, parentId, labels } = active;
      const flushed = pick % 2 === 0;
      say({ type: 'SnapshotCommitted', data: { id, key, name: `ns/${turn}/c`, parent, parentId, labels, flushed } });
    } else if (what < 9) {
      const leaf = pickOf(leaves);
      if (leaf === undefined) continue;
      say({ type: 'SnapshotRemoved', data: { ...leaf, retained: leaf.kind === 'committed' && pick % 3 > 0 } });
    } else if (what < 11) {
      const id = pickOf(doomed);
      if (id !== undefined) say(purged(id));
    } else if (what === 11) say(measured((pick % (lastId + 1)) + 1));
    else if (what === 12) say({ type: 'VolumeFlushed', data: { id: (pick % (lastId + 1)) + 1 } });
    else if (what === 13) {
      // Mostly the oldest, as the keeper does.
      const given = pick % 4 === 0 ? pickOf(kept) : kept[0];
      if (given !== undefined) say(released(given.id, given.key));
    } else if (what === 14) {
      const given = pickOf(kept);
      if (given === undefined || pick % 5 > 0) continue;
      const { id, key, parent, parentId, labels, created } = given;
      say({ type: 'SnapshotRestored', data: { id, key, parent, parentId, labels, created, why: 'adopted' } });
    } else {
      const active = pickOf(actives);
      if (active === undefined) continue;
      const { id, key } = active;
      if (pick % 2 === 0) say({ type: 'VolumeLost', data: { id, key, why: 'gone' } });
      else say({ type: 'PrepareUndone', data: { id, key, step: 'create', error: '', left: '', done: '' } });
    }
  }
  return events;
}

test('the state without them is the state, whatever happened', async () => {
  let [all, folded] = [0, 0];
  await fc.assert(
    fc.property(fc.array(fc.nat(16 * 64 - 1), { minLength: 60, maxLength: 160 }), (choices) => {
      const envelopes = enveloped(played(choices));
      const found = sieved(envelopes);
      all += envelopes.length;
      folded += found.folded;
      assert.equal(contentOf(found.state), contentOf(envelopes.reduce(evolve, initialState)));
    }),
    { numRuns: 400 },
  );
  assert.ok(folded < all * 0.9, `${folded} of ${all} events were folded`);
});

test.run();
