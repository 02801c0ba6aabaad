import { mkdirSync, readdirSync, readFileSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { segmentIn, verifyWhole } from '../../../../../src/adapters/event-log/file/read/load-segments.ts';
import { readLogDirectory } from '../../../../../src/adapters/event-log/file/read/read-log-directory.ts';
import { endOfData, inMemory, type SegmentFile } from '../../../../../src/adapters/event-log/file/read/segment-file.ts';
import { inspectLog } from '../../../../../src/adapters/event-log/file/verify/inspect-log.ts';
import { Fault } from '../../../../../src/ports/fault.ts';
import { createSandbox, type Sandbox } from '../../../../support/sandbox.ts';
import { appendTorn, eventsAfter, now, openLog, readAll, segmentsIn, storeId, writeLog } from '../file-log.ts';

const test = suite<{ sandbox: Sandbox; directory: string }>('log read by another process');

test.before.each((context) => {
  context.sandbox = createSandbox('read-log');
  context.directory = join(context.sandbox.path, 'log');
});
test.after.each(({ sandbox }) => sandbox.close());

test('shows what was durable at opening, while the daemon continues', async ({ directory }) => {
  const { log } = await openLog(directory, { segmentBytes: 2000 });
  await log.append(eventsAfter(0, 25), now);
  const { end } = log;
  const other = await readLogDirectory(directory);
  for (const envelope of eventsAfter(25, 25)) await log.append([envelope], now);
  assert.equal(other.end, end);
  assert.is(other.store, storeId);
  assert.equal(await readAll(other), eventsAfter(0, 25));
  assert.equal(await readAll(other, 20), eventsAfter(20, 5));
  assert.is(await other.chainHashAt(25), end.chainHash);
  assert.is(await other.chainHashAt(7), await log.chainHashAt(7));
  assert.is(await other.chainHashAt(26), undefined);
  await other.close();
  await log.close();
});

test('ends with its data, also if a daemon cuts off the zeros meanwhile', async () => {
  const data = Buffer.alloc(200_000, 'x');
  for (const zeros of [0, 1, 70_000, 300_000])
    for (const cut of [false, true]) {
      const file = inMemory(cut ? data : Buffer.concat([data, Buffer.alloc(zeros)]));
      const size = data.length + zeros;
      assert.is(await endOfData({ ...file, stat: async () => ({ size, mtimeMs: 0 }) }), data.length);
    }
  assert.is(await endOfData(inMemory(Buffer.alloc(100_000))), 0);
});

test('ignores an unfinished tail and does not change it', async ({ directory }) => {
  await writeLog(directory, 3);
  const file = join(directory, segmentsIn(directory)[0] ?? '');
  const size = readFileSync(file).length;
  const left = appendTorn(file);
  const before = readFileSync(file);
  const log = await readLogDirectory(directory);
  assert.is(log.end.position, 3);
  assert.equal(log.tail, { file, offset: size, bytes: left.length });
  assert.equal(await readAll(log), eventsAfter(0, 3));
  assert.equal(readFileSync(file), before);
  assert.equal(readdirSync(directory).length, 1);
  const { torn, tail, damage, records } = await inspectLog(directory);
  assert.equal({ torn, tail, damage, records }, { torn: left.length, tail: log.tail, damage: [], records: 3 });
});

/** A segment that a daemon has written as a whole when a reader asks for the `asked`th time when it was written last. */
function finishedWhenAsked(partial: Buffer, whole: Buffer, asked: number): SegmentFile {
  let left = asked;
  const file = () => inMemory(left > 0 ? partial : whole);
  return {
    read: (...range) => file().read(...range),
    stat: async () => ({
      ...(await file().stat()),
      get mtimeMs() {
        left -= 1;
        return Date.now();
      },
    }),
    close: async () => {},
  };
}

test('takes a batch that is being written for a write in progress, however much of it is visible', async ({
  directory,
}) => {
  await writeLog(directory, 3);
  const name = segmentsIn(directory)[0] ?? '';
  const whole = readFileSync(join(directory, name));
  const start = whole.lastIndexOf('\n', -2) + 1;
  for (const asked of [1, 3])
    for (const length of [1, 50, 130, whole.length - start - 1]) {
      const partial = Buffer.concat([whole.subarray(0, start + length), Buffer.alloc(whole.length - start - length)]);
      const file = finishedWhenAsked(partial, whole, asked);
      const segment = await segmentIn(file, directory, name);
      const tail = await verifyWhole(file, segment);
      assert.equal([segment.end.position, tail?.offset, tail?.bytes], [2, start, length]);
    }
});

test('is verified as it is read', async ({ directory }) => {
  await writeLog(directory, 9, { segmentBytes: 900 });
  const log = await readLogDirectory(directory);
  const file = join(directory, segmentsIn(directory)[0] ?? '');
  truncateSync(file, readFileSync(file).length - 1);
  const error: unknown = await readAll(log).catch((thrown) => thrown);
  assert.instance(error, Fault);
  assert.match((error as Fault).message, file);
});

test('is refused if there is none', async ({ directory }) => {
  for (const look of [readLogDirectory, inspectLog]) {
    const error: unknown = await look(directory).catch((thrown) => thrown);
    assert.is((error as Fault).code, 'misuse');
  }
  mkdirSync(directory);
  const error: unknown = await readLogDirectory(directory).catch((thrown) => thrown);
  assert.is((error as Fault).code, 'misuse');
});

test.run();
