import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { livesIn } from '../../projections/lives.ts';
import { committed, enveloped, oneOfEach, prepared, removed } from '../support/sample-events.ts';

const test = suite('lives');

test('are told apart by the number', () => {
  const lives = livesIn(enveloped([prepared(1, 'a'), prepared(2, 'b'), committed(1, 'a', 'A'), removed(2, 'b')]));
  assert.equal([...lives.keys()], [1, 2]);
  const first = lives.get(1);
  assert.equal(
    [first?.key, first?.name, first?.kind, first?.prepared?.position, first?.committed?.position],
    ['a', 'A', 'committed', 1, 3],
  );
  assert.is(first?.ended, null);
  assert.is(lives.get(2)?.ended?.position, 4);
});

test('end by a removal, an undo or a loss', () => {
  for (const type of ['SnapshotRemoved', 'PrepareUndone', 'VolumeLost']) {
    const end = oneOfEach.filter((event) => event.type === type);
    const [life] = livesIn(enveloped(end)).values();
    assert.is(life?.ended?.event.type, type);
  }
});

test('take up every event that carries a number, and no other', () => {
  const lives = livesIn(enveloped(oneOfEach));
  const numbered = oneOfEach.filter(({ data }) => 'id' in data && data.id !== null).length;
  assert.is(
    [...lives.values()].reduce((sum, { events }) => sum + events.length, 0),
    numbered,
  );
});

test.run();
