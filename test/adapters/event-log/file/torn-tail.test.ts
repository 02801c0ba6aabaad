import {
  appendFileSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { inspectLog } from '../../../../src/adapters/event-log/file/verify/inspect-log.ts';
import { Fault } from '../../../../src/ports/fault.ts';
import { createSandbox, type Sandbox } from '../../../support/sandbox.ts';
import { eventsAfter, linesOf, now, openLog, readAll, segmentsIn, storeId, writeOldLog } from './file-log.ts';

const test = suite<{ sandbox: Sandbox; written: string }>('torn tail of a log in the first format');

test.before.each(async (context) => {
  context.sandbox = createSandbox('torn-tail');
  const directory = context.sandbox.folder('written');
  context.written = writeOldLog(directory, 4);
});
test.after.each(({ sandbox }) => sandbox.close());

function copyOf(written: string, directory: string): string {
  mkdirSync(directory);
  const file = join(directory, '00000000000000000001.log');
  copyFileSync(written, file);
  return file;
}

test('is truncated and kept at every length that a crash can leave', async ({ sandbox, written }) => {
  const bytes = readFileSync(written);
  const lines = linesOf(written);
  const header = lines[0]?.length ?? 0;
  for (let size = header; size < bytes.length; size++) {
    const directory = join(sandbox.path, `cut-${size}`);
    truncateSync(copyOf(written, directory), size);
    const { log, torn } = await openLog(directory);
    const text = bytes.subarray(0, size).toString();
    const whole = text.slice(0, text.lastIndexOf('\n') + 1);
    const position = whole.split('\n').length - 2;
    assert.is(log.end.position, position);
    if (whole.length === size) assert.is(torn, null);
    else {
      const kept = join(directory, `torn-${position + 1}-${whole.length}.bin`);
      assert.equal(torn, { bytes: size - whole.length, kept });
      assert.equal(readFileSync(kept), bytes.subarray(whole.length, size));
    }
    await log.append(eventsAfter(position, 1), now);
    assert.equal(await readAll(log), eventsAfter(0, position + 1));
    await log.close();
  }
});

test('is gone after it was truncated', async ({ sandbox, written }) => {
  const directory = join(sandbox.path, 'twice');
  truncateSync(copyOf(written, directory), readFileSync(written).length - 1);
  for (const expected of [true, false]) {
    const { log, torn } = await openLog(directory);
    assert.is(torn !== null, expected);
    await log.close();
  }
});

test('does not overwrite an earlier one that was kept', async ({ sandbox, written }) => {
  const directory = join(sandbox.path, 'again');
  const file = copyOf(written, directory);
  for (const rest of ['{"crc":"first', '{"crc":"second']) {
    appendFileSync(file, rest);
    await (await openLog(directory)).log.close();
  }
  const kept = readdirSync(directory).filter((name) => name.startsWith('torn-'));
  assert.is(kept.length, 2);
  assert.equal(
    new Set(kept.map((name) => readFileSync(join(directory, name), 'utf8'))),
    new Set(['{"crc":"first', '{"crc":"second']),
  );
});

test('is not what zeros of any length are', async ({ sandbox, written }) => {
  const directory = join(sandbox.path, 'zeros');
  const file = copyOf(written, directory);
  appendFileSync(file, Buffer.alloc(1_000_000));
  const { log, torn } = await openLog(directory);
  assert.is(torn, null);
  await log.append(eventsAfter(4, 1), now);
  assert.equal(await readAll(log), eventsAfter(0, 5));
  await log.close();
  assert.equal(readFileSync(file), readFileSync(written));
});

test('the log continues in a new segment, and the old one stays as it is', async ({ sandbox, written }) => {
  for (const count of [0, 1, 4]) {
    const directory = sandbox.folder(`upgraded-${count}`);
    const file = writeOldLog(directory, count);
    const before = readFileSync(file);
    for (let opening = 0; opening < 3; opening++) {
      const { log, torn } = await openLog(directory);
      assert.is(torn, null);
      await log.append(eventsAfter(count + opening, 1), now);
      assert.equal(await readAll(log), eventsAfter(0, count + opening + 1));
      await log.close();
    }
    assert.is(segmentsIn(directory).length, count === 0 ? 1 : 2);
    if (count > 0) assert.equal(readFileSync(file), before);
    assert.match(readFileSync(join(directory, segmentsIn(directory).at(-1) ?? ''), 'utf8'), 'snapledger.log.v2');
    assert.equal((await inspectLog(directory)).damage, []);
  }
  assert.match(readFileSync(written, 'utf8'), 'snapledger.log.v1');
});

test('is damage if a complete record follows it', async ({ sandbox, written }) => {
  const [last = ''] = linesOf(written).slice(-1);
  for (const [index, between] of ['x', '\n', '\0'.repeat(5000), last.slice(0, -1)].entries()) {
    const directory = join(sandbox.path, `followed-${index}`);
    const file = copyOf(written, directory);
    const size = readFileSync(file).length;
    appendFileSync(file, `${between}${last}`);
    const error: unknown = await openLog(directory).catch((thrown) => thrown);
    assert.instance(error, Fault);
    assert.match((error as Fault).message, `${file}: byte ${size}, position 5`);
    assert.is((error as Fault).code, 'corrupt');
  }
});

test('of an unfinished header is removed', async ({ sandbox }) => {
  const directory = sandbox.folder('beginning');
  writeFileSync(join(directory, '00000000000000000001.log.new'), '{"crc":"');
  const { log, store } = await openLog(directory);
  assert.is(store, storeId);
  await log.append(eventsAfter(0, 1), now);
  await log.close();
  assert.equal(readdirSync(directory), ['00000000000000000001.log']);
});

test.run();
