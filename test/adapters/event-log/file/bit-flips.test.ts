import { closeSync, copyFileSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { inspectLog } from '../../../../src/adapters/event-log/file/verify/inspect-log.ts';
import type { Fault } from '../../../../src/ports/fault.ts';
import { createSandbox, type Sandbox } from '../../../support/sandbox.ts';
import { age, openLog, readAll, segmentsIn, writeLog } from './file-log.ts';

interface Written {
  readonly sandbox: Sandbox;
  readonly directory: string;
  readonly segments: readonly { readonly name: string; readonly bytes: Buffer }[];
}

const test = suite<Written>('a flipped bit in the log');

/** Two segments: two events in the first, one in the last. */
test.before(async (context) => {
  const sandbox = createSandbox('bit-flips');
  const directory = sandbox.folder('log');
  await writeLog(directory, 3, { segmentBytes: 700 });
  const segments = segmentsIn(directory).map((name) => ({ name, bytes: readFileSync(join(directory, name)) }));
  assert.is(segments.length, 2);
  Object.assign(context, { sandbox, directory, segments });
});
test.after(({ sandbox }) => sandbox.close());

function flipped(bytes: Buffer, offset: number, bit: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[offset] = (bytes[offset] ?? 0) ^ (1 << bit);
  return copy;
}

const lineAt = (bytes: Buffer, offset: number) => bytes.subarray(0, offset).lastIndexOf('\n') + 1;

test('is found by inspection at any offset, with segment and byte of the line', async (context) => {
  const { directory, segments } = context;
  for (const { name, bytes } of segments) {
    const file = join(directory, name);
    const fd = openSync(file, 'r+');
    for (let at = 0; at < bytes.length * 8; at++) {
      const offset = at >> 3;
      writeSync(fd, flipped(bytes, offset, at & 7), offset, 1, offset);
      const named = await foundAt(directory, file, lineAt(bytes, offset));
      assert.ok(named, `${name}: byte ${offset}, bit ${at & 7}`);
      writeSync(fd, bytes, offset, 1, offset);
    }
    closeSync(fd);
  }
});

/** Whether an inspection names a line as damaged. What is damaged is never taken for torn. */
async function foundAt(directory: string, file: string, offset: number): Promise<boolean> {
  age(file);
  const { damage, tail } = await inspectLog(directory);
  assert.is(tail, null);
  return damage.some((one) => one.file === file && one.offset === offset);
}

test('fails opening or reading', async ({ sandbox, directory, segments }) => {
  for (const { name, bytes } of segments)
    for (let offset = 0; offset < bytes.length; offset++) {
      const copy = sandbox.folder('copy');
      for (const other of segments) copyFileSync(join(directory, other.name), join(copy, other.name));
      writeFileSync(join(copy, name), flipped(bytes, offset, offset % 8));
      age(join(copy, name));
      const outcome = await openAndRead(copy);
      assert.match((outcome as Fault).message, `${name}: byte `);
      rmSync(copy, { recursive: true });
    }
});

async function openAndRead(directory: string) {
  try {
    const { log, torn } = await openLog(directory);
    await readAll(log).finally(() => log.close());
    return torn;
  } catch (error) {
    return error;
  }
}

test.run();
