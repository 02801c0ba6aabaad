import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createPlaces } from '../../../../../src/adapters/event-log/file/write/cursor.ts';

const test = suite('adapters/event-log/file/write/cursor');
const bytes = 500;
const records = (16 * 1024 * 1024) / bytes;
const place = (position: number) => ({ position, chain: `c${position}`, offset: 300 + position * bytes });

function written() {
  const places = createPlaces(place(0));
  for (let position = 1; position <= records; position++) places.note(place(position));
  const known = () => {
    const offsets = Array.from({ length: records }, (_, position) => places.nearest(position).offset);
    return [...new Set(offsets)];
  };
  return { places, known };
}

test('a segment that is written is read from a place at most 64 KiB before a position', () => {
  const { places, known } = written();
  assert.ok(known().length > 250, `${known().length} places`);
  for (const position of [1, 777, records]) {
    const found = places.nearest(position);
    assert.ok(found.position <= position && place(position).offset - found.offset <= 64 * 1024 + bytes);
  }
});

test('of one that is complete sixteen places are kept, a megabyte apart', () => {
  const { places, known } = written();
  places.thin();
  assert.ok(known().length <= 16, `${known().length} places`);
  for (const position of [0, 1, 777, 20_000, records]) {
    const found = places.nearest(position);
    assert.equal(found, place(found.position));
    assert.ok(found.position <= position && place(position).offset - found.offset <= 1100 * 1024);
  }
});

test.run();
