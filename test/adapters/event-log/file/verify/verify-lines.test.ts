import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { chain, parseLine, positionIn } from '../../../../../src/adapters/event-log/file/format/line.ts';
import type { Cursor } from '../../../../../src/adapters/event-log/file/format/segment.ts';
import { readLogDirectory } from '../../../../../src/adapters/event-log/file/read/read-log-directory.ts';
import { encodedAfter, verifyLines } from '../../../../../src/adapters/event-log/file/verify/verify-lines.ts';
import { readEncoded } from '../../../../../src/app/feed/batch.ts';
import { caughtFault } from '../../../../support/caught-fault.ts';
import { createSandbox, type Sandbox } from '../../../../support/sandbox.ts';
import { segmentsIn, writeLog } from '../file-log.ts';

interface Context {
  sandbox: Sandbox;
  directory: string;
  /** a block of a segment without its header, and the cursor at its start */
  block: Buffer;
  from: Cursor;
}

const test = suite<Context>('verified lines');

test.before(async (context) => {
  context.sandbox = createSandbox('encoded');
  context.directory = context.sandbox.folder('log');
  await writeLog(context.directory, 12);
  const bytes = readFileSync(join(context.directory, segmentsIn(context.directory)[0] ?? ''));
  const start = bytes.indexOf('\n') + 1;
  context.block = bytes.subarray(start);
  const header = JSON.parse(bytes.toString('utf8', 0, start)) as { hash: string };
  context.from = { position: 0, hash: header.hash, offset: start };
});
test.after(({ sandbox }) => sandbox.close());

/** The bytes of the leading lines that are in order, found line by line as text. */
function inOrder(block: Buffer, from: Cursor): number {
  let { hash, position } = from;
  for (let start = 0; start < block.length; ) {
    const next = block.indexOf('\n', start) + 1;
    const line = next === 0 ? undefined : parseLine(block, start, next, 'event');
    position += 1;
    if (line === undefined || positionIn(line.body) !== position || chain(hash, line.body) !== line.hash) return start;
    hash = line.hash;
    start = next;
  }
  return block.length;
}

/** Verifies a block, and that it stops at the invalid text. */
function verified(block: Buffer, from: Cursor, what = '') {
  const noted: number[] = [];
  const checked = verifyLines(block, from, ({ offset }) => noted.push(offset));
  const passed = inOrder(block, from);
  assert.is(checked.end.offset - from.offset, passed, what);
  assert.is(checked.flaw === undefined, passed === block.length, what);
  assert.is(noted.length, checked.end.position - from.position, what);
  return checked;
}

test('the bodies of those after a position are returned byte for byte', ({ block, from }) => {
  const { end, flaw } = verified(block, from);
  assert.equal([end.position, flaw], [12, undefined]);
  const bodies = block.toString().replace(/^.*?"event":(.*)\}$/gm, '$1');
  const walked = { start: from, lines: block, end };
  assert.equal(encodedAfter(walked, 0).toString(), bodies);
  assert.equal(encodedAfter(walked, 11).toString(), bodies.split(/(?<=\n)/)[11]);
});

test('every changed byte is found in its line', ({ block, from }) => {
  for (let offset = 0; offset < block.length; offset++) {
    const changed = Buffer.from(block);
    changed[offset] = (block[offset] ?? 0) ^ (1 << (offset % 8));
    const { end, flaw } = verified(changed, from, `byte ${offset}`);
    assert.is(end.offset - from.offset, block.subarray(0, offset).lastIndexOf('\n') + 1, `byte ${offset}`);
    assert.ok(flaw?.broken, `byte ${offset}`);
  }
});

test('swapped, duplicated, missing, foreign and truncated lines are named', ({ block, from }) => {
  const [a = '', b = '', c = ''] = block.toString().split(/(?<=\n)/);
  const cases: readonly (readonly [string, string, boolean])[] = [
    [b + a, 'position 2 stands here, position 1 is missing: records were removed or swapped', false],
    [a + a, 'position 1 stands here again: a record was doubled or swapped', false],
    [a + c, 'position 3 stands here, position 2 is missing: records were removed or swapped', false],
    [a + b.slice(0, -1), 'the record is cut short', true],
    [a + b.slice(0, 20), 'the record is cut short', true],
    ['\n', 'the record is damaged: its checksum does not match', true],
    [`${a}x\n`, 'the record is damaged: its checksum does not match', true],
  ];
  for (const [wrong, what, broken] of cases)
    assert.equal(verified(Buffer.from(wrong), from).flaw, { what, broken }, what);
  const { flaw } = verifyLines(block, { ...from, hash: 'f'.repeat(64) });
  assert.match(flaw?.what ?? '', 'does not follow from the one before');
});

test('a reader gets the intact lines before the error', async ({ sandbox }) => {
  const directory = sandbox.folder('two');
  await writeLog(directory, 30, { segmentBytes: 2000 });
  const log = await readLogDirectory(directory);
  const file = join(directory, segmentsIn(directory)[0] ?? '');
  const bytes = readFileSync(file);
  const at = bytes.length - 100;
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  writeFileSync(file, bytes);
  let position = 0;
  const reading = async () => {
    for await (const { first, count } of readEncoded(log, 0)) position = first + count - 1;
  };
  const fault = await caughtFault(reading());
  assert.equal([fault.code, position > 0], ['corrupt', true]);
  assert.match(fault.message, `position ${position + 1}: the record is damaged`);
});

test.run();
