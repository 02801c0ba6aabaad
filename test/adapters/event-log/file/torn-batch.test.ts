import { randomUUID } from 'node:crypto';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bodyOf, chainLines, encodeBatch } from '../../../../src/adapters/event-log/file/format/line.ts';
import { inspectLog } from '../../../../src/adapters/event-log/file/verify/inspect-log.ts';
import { Fault } from '../../../../src/ports/fault.ts';
import { enveloped, prepared } from '../../../support/sample-events.ts';
import { createSandbox, type Sandbox } from '../../../support/sandbox.ts';
import {
  age,
  dataOf,
  eventsAfter,
  linesOf,
  now,
  openLog,
  overwrite,
  readAll,
  segmentsIn,
  writeLog,
  writeOldLog,
} from './file-log.ts';

const test = suite<{ sandbox: Sandbox }>('torn batch of the log');

test.before.each((context) => {
  context.sandbox = createSandbox('torn-batch');
});
test.after.each(({ sandbox }) => sandbox.close());

const sector = 512;

/** A segment as a killed process leaves it, with zeros after its data, and the bytes at which its last batch begins and ends. */
interface Killed {
  readonly bytes: Buffer;
  readonly from: number;
  readonly to: number;
}

/** Two events one by one, the second one with a key of a length, then a batch of `count`. */
async function killed(sandbox: Sandbox, padding: number, count: number): Promise<Killed> {
  const directory = join(sandbox.path, `killed-${randomUUID()}`);
  const { log } = await openLog(directory);
  const file = join(directory, segmentsIn(directory)[0] ?? '');
  const keys = ['a', 'b'.padEnd(padding + 1, 'b'), ...Array.from({ length: count }, (_, n) => `c${n}`)];
  const events = enveloped(keys.map((key, index) => prepared(index + 1, key)));
  await log.append(events.slice(0, 1), now);
  await log.append(events.slice(1, 2), now);
  const from = dataOf(file).length;
  await log.append(events.slice(2), now);
  const bytes = readFileSync(file);
  await log.close();
  return { bytes, from, to: dataOf(file).length };
}

function copyOf(sandbox: Sandbox, name: string, bytes: Buffer): string {
  const directory = sandbox.folder(name);
  const file = join(directory, '00000000000000000001.log');
  writeFileSync(file, bytes);
  age(file);
  return directory;
}

/** The ranges of a batch in each sector of the disk. */
function sharesOf({ from, to }: Killed): readonly (readonly [number, number])[] {
  const shares: [number, number][] = [];
  for (let at = from; at < to; at = shares.at(-1)?.[1] ?? to)
    shares.push([at, Math.min(to, at + sector - (at % sector))]);
  return shares;
}

test('is cut off and kept, as a whole, if any of its sectors was not written', async ({ sandbox }) => {
  let tried = 0;
  for (const padding of [0, 200, 400]) {
    const written = await killed(sandbox, padding, 4);
    const shares = sharesOf(written);
    const all = 2 ** shares.length - 1;
    for (let missing = 0; missing <= all; missing++) {
      const bytes = Buffer.from(written.bytes);
      for (const [index, [from, to]] of shares.entries()) if (missing & (1 << index)) bytes.fill(0, from, to);
      const directory = copyOf(sandbox, `torn-${padding}-${missing}`, bytes);
      const seen = await inspectLog(directory);
      const { log, torn } = await openLog(directory);
      const what = `padding ${padding}, sectors ${missing.toString(2)}`;
      assert.equal([seen.damage, seen.position], [[], log.end.position], what);
      assert.is(log.end.position, missing === 0 ? 6 : 2, what);
      if (missing === 0 || missing === all) assert.is(torn, null, what);
      else assert.equal(readFileSync(torn?.kept ?? ''), dataOfBytes(bytes).subarray(written.from), what);
      await log.append(eventsAfter(log.end.position, 1), now);
      const { length } = await readAll(log);
      assert.is(length, log.end.position, what);
      await log.close();
      assert.equal((await inspectLog(directory)).damage, [], what);
      tried += 1;
    }
  }
  assert.ok(tried > 30, `${tried} cases`);
});

test('in a segment of the first format, which a full disk continues, is cut off as a whole', async ({ sandbox }) => {
  const file = writeOldLog(sandbox.folder('first-format'), 2);
  const old = readFileSync(file);
  const { hash } = JSON.parse(linesOf(file).at(-1) ?? '');
  const lines = chainLines(hash, eventsAfter(2, 4).map(bodyOf));
  const batch = encodeBatch(lines);
  const [from, to] = [old.length, old.length + batch.length];
  const bytes = Buffer.concat([old, batch, Buffer.alloc(4096)]);
  assert.equal(await outcomeOf(copyOf(sandbox, 'first-format-whole', bytes)), { position: 6, torn: null });
  // The first line shows where the batch ends.
  const shares = sharesOf({ bytes, from, to }).filter(([at]) => at >= from + (lines[0]?.bytes ?? 0));
  for (const [start, end] of shares) {
    const directory = copyOf(sandbox, `first-format-${start}`, Buffer.from(bytes).fill(0, start, end));
    assert.is((await inspectLog(directory)).position, 2);
    const outcome = await outcomeOf(directory);
    assert.ok(outcome !== 'corrupt' && outcome.position === 2 && outcome.torn !== null, `sector at ${start}`);
  }
  assert.ok(shares.length > 1);
});

const dataOfBytes = (bytes: Buffer) => bytes.subarray(0, bytes.findLastIndex((byte) => byte !== 0) + 1);

const outcomeOf = (directory: string) =>
  openLog(directory).then(
    async ({ log, torn }) => {
      await log.close();
      return { position: log.end.position, torn };
    },
    (error: unknown) => {
      assert.instance(error, Fault);
      assert.is((error as Fault).code, 'corrupt');
      return 'corrupt' as const;
    },
  );

test('is not what a flipped bit in acknowledged events is taken for, wherever their batch ends in a sector', async ({
  sandbox,
}) => {
  // At the beginning, at the end, and in the middle of a sector.
  for (const [index, end] of [0, 1, 300].entries()) {
    const count = 1 + (index % 2);
    const { to: without } = await killed(sandbox, 0, count);
    const padding = (end - (without % sector) + sector) % sector;
    const { bytes, from, to } = await killed(sandbox, padding, count);
    assert.is(to % sector, end);
    const directory = copyOf(sandbox, `flip-${padding}`, bytes);
    const file = join(directory, segmentsIn(directory)[0] ?? '');
    for (let offset = from; offset < to; offset += offset < to - 3 ? 3 : 1)
      for (const bit of offset < to - 3 ? [offset % 8] : [0, 1, 2, 3, 4, 5, 6, 7]) {
        const changed = Buffer.from([(bytes[offset] ?? 0) ^ (1 << bit)]);
        overwrite(file, changed, offset);
        age(file);
        assert.is(await outcomeOf(directory), 'corrupt', `end ${end}, byte ${offset}, bit ${bit}`);
        overwrite(file, bytes.subarray(offset, offset + 1), offset);
      }
    assert.equal(await outcomeOf(directory), { position: 2 + count, torn: null });
  }
});

test('is not what the end of a file that was cut is taken for, at any length', async ({ sandbox }) => {
  const written = await killed(sandbox, 77, 3);
  const [firstEnd, secondEnd] = [lineEnd(written, 1), lineEnd(written, 2)];
  for (let size = firstEnd + 1; size < written.to; size++) {
    const outcome = await outcomeOf(copyOf(sandbox, `cut-${size}`, written.bytes.subarray(0, size)));
    // The chain can't show that the log ended later than at the end of a batch: a checkpoint does.
    if (size === secondEnd || size === written.from)
      assert.equal(outcome, { position: size === written.from ? 2 : 1, torn: null });
    else assert.is(outcome, 'corrupt', `${size} bytes`);
  }
});

const lineEnd = ({ bytes }: Killed, line: number) => {
  let at = 0;
  for (let n = 0; n < line; n++) at = bytes.indexOf('\n', at) + 1;
  return at;
};

test('is not what zeros of any length are, which an interrupted preparation leaves', async ({ sandbox }) => {
  const written = join(sandbox.folder('zeros'), '00000000000000000001.log');
  await writeLog(join(written, '..'), 4);
  const bytes = readFileSync(written);
  for (const length of [0, 1, 511, 512, 4095, 4096, 300_000, 1_000_000]) {
    const directory = copyOf(sandbox, `zeros-${length}`, Buffer.concat([bytes, Buffer.alloc(length)]));
    const { log, torn } = await openLog(directory);
    assert.is(torn, null);
    await log.append(eventsAfter(4, 1), now);
    assert.equal(await readAll(log), eventsAfter(0, 5));
    await log.close();
    const { damage, tail, position } = await inspectLog(directory);
    assert.equal({ damage, tail, position }, { damage: [], tail: null, position: 5 });
  }
});

test('is damage if later bytes show that it was acknowledged', async ({ sandbox }) => {
  const written = await killed(sandbox, 400, 4);
  const directory = sandbox.folder('followed');
  const file = join(directory, '00000000000000000001.log');
  writeFileSync(file, written.bytes);
  const { log } = await openLog(directory);
  await log.append(eventsAfter(6, 1), now);
  const later = readFileSync(file);
  await log.close();
  for (const [from, to] of sharesOf(written)) {
    const bytes = Buffer.from(later).fill(0, from, to);
    assert.is(await outcomeOf(copyOf(sandbox, `hole-${from}`, bytes)), 'corrupt');
  }
});

test('of bytes in the zeros after the data is kept aside, or damage', async ({ sandbox }) => {
  const { bytes, to } = await killed(sandbox, 0, 1);
  for (const at of [to, to + 1, to + 600, bytes.length - 1]) {
    const changed = Buffer.from(bytes);
    changed[at] = 0x40;
    const outcome = await outcomeOf(copyOf(sandbox, `beyond-${at}`, changed));
    if (outcome !== 'corrupt') assert.equal([outcome.position, outcome.torn?.bytes], [3, at + 1 - to]);
    assert.is(outcome === 'corrupt', at < to + 2);
  }
});

test('in a segment that another one follows is damage, zeros after its end are not', async ({ sandbox }) => {
  const directory = sandbox.folder('segments');
  await writeLog(directory, 6, { segmentBytes: 900 });
  const [name = ''] = segmentsIn(directory);
  const whole = readFileSync(join(directory, name));
  for (const [index, [bytes, expected]] of (
    [
      [Buffer.concat([whole, Buffer.alloc(5000)]), 6],
      [Buffer.concat([whole.subarray(0, -100), Buffer.alloc(5000)]), 'corrupt'],
    ] as const
  ).entries()) {
    const copy = join(sandbox.path, `copy-${index}`);
    mkdirSync(copy);
    for (const other of segmentsIn(directory)) copyFileSync(join(directory, other), join(copy, other));
    writeFileSync(join(copy, name), bytes);
    const outcome = await outcomeOf(copy);
    assert.is(outcome === 'corrupt' ? outcome : outcome.position, expected);
    if (outcome !== 'corrupt') assert.equal(readFileSync(join(copy, name)), whole);
  }
});

test.run();
