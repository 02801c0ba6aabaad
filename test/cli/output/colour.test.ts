import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createEventTable } from '../../../src/cli/output/event-table.ts';
import { createPaint } from '../../../src/cli/output/print.ts';
import { enveloped, smallStore } from '../facts.ts';

const test = suite('colour');
const anyColour = new RegExp(`${String.fromCharCode(27)}\\[\\d+m`, 'g');
const terminal = { isTTY: true };

test('is only for terminals, and not with NO_COLOR or a dumb terminal', () => {
  assert.is(createPaint(terminal, {})('a', 'red'), '\u001b[31ma\u001b[0m');
  assert.is(createPaint(terminal, { NO_COLOR: '' })('a', 'red'), '\u001b[31ma\u001b[0m');
  assert.is(createPaint(terminal, { NO_COLOR: '1' })('a', 'red'), 'a');
  assert.is(createPaint(terminal, { TERM: 'dumb' })('a', 'red'), 'a');
  assert.is(createPaint({}, {})('a', 'red'), 'a');
});

test('keeps the columns of a table aligned', () => {
  const envelopes = enveloped(smallStore);
  const painted = createEventTable({ paint: createPaint(terminal, {}) })(envelopes);
  const uncoloured = painted.map((line) => line.replaceAll(anyColour, ''));
  assert.equal(uncoloured, createEventTable()(envelopes));
  assert.match(painted.join('\n'), '\u001b[31mSnapshotRemoved');
});

test.run();
