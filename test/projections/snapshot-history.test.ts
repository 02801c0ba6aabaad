import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { evolveHistory, historiesIn, noHistory } from '../../projections/snapshot-history.ts';
import { committed, enveloped, oneOfEach, prepared, removed } from '../support/sample-events.ts';

const test = suite('history');

test('snapshot history: is kept by id', () => {
  const histories = historiesIn(
    enveloped([prepared(1, 'a'), prepared(2, 'b'), committed(1, 'a', 'A'), removed(2, 'b')]),
  );
  assert.equal([...histories.keys()], [1, 2]);
  const first = histories.get(1);
  assert.equal(
    [first?.key, first?.name, first?.kind, first?.prepared?.position, first?.committed?.position],
    ['a', 'A', 'committed', 1, 3],
  );
  assert.is(first?.ended, null);
  assert.is(histories.get(2)?.ended?.position, 4);
});

test('snapshot history: ends with a removal, an undo or a loss', () => {
  for (const type of ['SnapshotRemoved', 'PrepareUndone', 'VolumeLost']) {
    const end = oneOfEach.filter((event) => event.type === type);
    const [history] = historiesIn(enveloped(end)).values();
    assert.is(history?.ended?.event.type, type);
  }
});

test('snapshot history: has every event with an id, and no others', () => {
  const histories = historiesIn(enveloped(oneOfEach));
  const numbered = oneOfEach.filter(({ data }) => 'id' in data && data.id !== null).length;
  assert.is(
    [...histories.values()].reduce((sum, { events }) => sum + events.length, 0),
    numbered,
  );
});

test('history of a key: has the events of every snapshot that had the key, and no others', () => {
  const events = enveloped([
    ...oneOfEach.slice(0, 1),
    prepared(1, 'k1'),
    prepared(2, 'other'),
    committed(1, 'k1', 'base'),
    { type: 'UsageMeasured', data: { id: 1, bytes: 0, inodes: 0 } },
    removed(2, 'other'),
    { type: 'VolumePurged', data: { id: 1, why: '', bytes: 0 } },
    prepared(3, 'k1'),
    { type: 'OrphanQuarantined', data: { path: 'x', id: null, moved: 'y', why: 'z' } },
  ]);
  const positions = (key: string) =>
    events.reduce(evolveHistory, noHistory(key)).events.map(({ position }) => position);
  assert.equal(positions('k1'), [2, 4, 5, 7, 8]);
  assert.equal(positions('base'), [4, 5, 7]);
  assert.equal(positions('nobody'), []);
});

test.run();
