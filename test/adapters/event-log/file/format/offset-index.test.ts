import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createOffsetIndex } from '../../../../../src/adapters/event-log/file/format/segment.ts';

const test = suite('offset index');
const bytes = 500;
const records = (16 * 1024 * 1024) / bytes;
const cursor = (position: number) => ({ position, hash: `c${position}`, offset: 300 + position * bytes });

function written() {
  const index = createOffsetIndex(cursor(0));
  for (let position = 1; position <= records; position++) index.note(cursor(position));
  const known = () => {
    const offsets = Array.from({ length: records }, (_, position) => index.nearest(position).offset);
    return [...new Set(offsets)];
  };
  return { index, known };
}

test('a growing segment is read from at most 64 KiB before a position', () => {
  const { index, known } = written();
  assert.ok(known().length > 250, `${known().length} cursors`);
  for (const position of [1, 777, records]) {
    const found = index.nearest(position);
    assert.ok(found.position <= position && cursor(position).offset - found.offset <= 64 * 1024 + bytes);
  }
});

test('sixteen cursors are kept of a complete segment, a megabyte apart', () => {
  const { index, known } = written();
  index.thin();
  assert.ok(known().length <= 16, `${known().length} cursors`);
  for (const position of [0, 1, 777, 20_000, records]) {
    const found = index.nearest(position);
    assert.equal(found, cursor(found.position));
    assert.ok(found.position <= position && cursor(position).offset - found.offset <= 1100 * 1024);
  }
});

test.run();
