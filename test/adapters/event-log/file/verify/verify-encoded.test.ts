import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readLogDirectory } from '../../../../../src/adapters/event-log/file/read/read-log-directory.ts';
import { verifyBlock } from '../../../../../src/adapters/event-log/file/verify/verify-block.ts';
import { verifyEncoded } from '../../../../../src/adapters/event-log/file/verify/verify-encoded.ts';
import type { Cursor } from '../../../../../src/adapters/event-log/file/write/cursor.ts';
import { readEncoded } from '../../../../../src/app/feed/batch.ts';
import { caughtFault } from '../../../../support/caught-fault.ts';
import { createSandbox, type Sandbox } from '../../../../support/sandbox.ts';
import { segmentsIn, writeLog } from '../file-log.ts';

interface Context {
  sandbox: Sandbox;
  directory: string;
  /** a block of a segment without its header, and the place where it begins */
  block: Buffer;
  from: Cursor;
}

const test = suite<Context>('verifyEncoded');

test.before(async (context) => {
  context.sandbox = createSandbox('encoded');
  context.directory = context.sandbox.folder('log');
  await writeLog(context.directory, 12);
  const bytes = readFileSync(join(context.directory, segmentsIn(context.directory)[0] ?? ''));
  const start = bytes.indexOf('\n') + 1;
  context.block = bytes.subarray(start);
  const header = JSON.parse(bytes.toString('utf8', 0, start)) as { hash: string };
  context.from = { position: 0, chain: header.hash, offset: start };
});
test.after(({ sandbox }) => sandbox.close());

/** What both checks say of a block, in the same form. */
function both(block: Buffer, from: Cursor) {
  const noted: number[][] = [[], []];
  const decoded = verifyBlock(block, from, ({ offset }) => void noted[0]?.push(offset));
  const encoded = verifyEncoded(block, from, ({ offset }) => void noted[1]?.push(offset));
  assert.equal(noted[1], noted[0]);
  return [
    { lines: decoded.records.map(({ body }) => `${body}\n`).join(''), end: decoded.end, flaw: decoded.flaw },
    { lines: encoded.lines.toString(), end: encoded.end, flaw: encoded.flaw },
  ];
}

test('lets the same lines pass as the check of records, byte for byte', ({ block, from }) => {
  const [decoded, encoded] = both(block, from);
  assert.equal(encoded, decoded);
  assert.is(encoded?.end.position, 12);
  assert.equal(encoded?.lines, block.toString().replace(/^.*?"event":(.*)\}$/gm, '$1'));
});

test('finds every changed byte where the check of records finds it, and says the same', ({ block, from }) => {
  for (let offset = 0; offset < block.length; offset++) {
    const changed = Buffer.from(block);
    changed[offset] = (block[offset] ?? 0) ^ (1 << (offset % 8));
    const [decoded, encoded] = both(changed, from);
    assert.equal(encoded, decoded, `byte ${offset}`);
    assert.ok(encoded?.flaw !== undefined, `byte ${offset}`);
  }
});

test('finds lines that are whole but swapped, doubled, missing, or cut short', ({ block, from }) => {
  const lines = block.toString().split(/(?<=\n)/);
  const [a = '', b = '', c = ''] = lines;
  for (const wrong of [b + a, a + a, a + c, a + b.slice(0, -1), a + b.slice(0, 20), '\n', `${a}x\n`]) {
    const [decoded, encoded] = both(Buffer.from(wrong), from);
    assert.equal(encoded, decoded);
    assert.ok(encoded?.flaw !== undefined);
  }
});

test('tells a reader of damage behind what is in order', async ({ sandbox }) => {
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
