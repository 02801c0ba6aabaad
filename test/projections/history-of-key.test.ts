import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { evolveHistory, noHistory } from '../../projections/history-of-key.ts';
import { committed, enveloped, oneOfEach, prepared, removed } from '../support/sample-events.ts';

const test = suite('projections/history-of-key');

test('the life of every snapshot that stood under the key is told, and nothing else', () => {
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
