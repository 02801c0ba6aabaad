import { copyFileSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { formatLine } from '../../../../src/adapters/event-log/file/format/line.ts';
import { segmentName } from '../../../../src/adapters/event-log/file/format/segment.ts';
import { inspectLog } from '../../../../src/adapters/event-log/file/verify/inspect-log.ts';
import { Fault } from '../../../../src/ports/fault.ts';
import { createSandbox, type Sandbox } from '../../../support/sandbox.ts';
import { linesOf, openLog, readAll, rewrite, segmentsIn, writeLog } from './file-log.ts';

const test = suite<{ sandbox: Sandbox; directory: string }>('a log that was tampered with');

test.before.each((context) => {
  context.sandbox = createSandbox('tampering');
  context.directory = context.sandbox.folder('log');
});
test.after.each(({ sandbox }) => sandbox.close());

/** Opening or reading must fail, an inspection must name the same position, and both must give the reason. */
async function isRefused(directory: string, file: string, offset: number, what: RegExp): Promise<void> {
  const error: unknown = await openLog(directory)
    .then(
      async ({ log }) => readAll(log).finally(() => log.close()),
      (thrown) => thrown,
    )
    .catch((thrown) => thrown);
  assert.instance(error, Fault);
  const { code, message, hint } = error as Fault;
  assert.is(code, 'corrupt');
  assert.match(message, `${file}: byte ${offset},`);
  assert.match(message, what);
  assert.match(hint, 'snapledger repair --dry-run --root');
  const { damage } = await inspectLog(directory);
  assert.ok(
    damage.some((one) => one.file === file && one.offset === offset && what.test(one.text)),
    JSON.stringify(damage),
  );
}

const sizeOf = (lines: readonly string[], count: number) => lines.slice(0, count).join('').length;

/** A segment's lines with line `index` replaced. */
const replaced = (lines: string[], index: number, ...by: (string | undefined)[]) =>
  lines.toSpliced(index, 1, ...by.map((line) => line ?? ''));

for (const [what, change, text] of [
  [
    'swapped records',
    (lines: string[]) => lines.toSpliced(2, 2, lines[3] ?? '', lines[2] ?? ''),
    /position 2: position 3 stands here, position 2 is missing/,
  ],
  [
    'a record removed',
    (lines: string[]) => lines.toSpliced(2, 1),
    /position 2: position 3 stands here, position 2 is missing/,
  ],
  [
    'a record doubled',
    (lines: string[]) => replaced(lines, 2, lines[1], lines[2]),
    /position 2: position 1 stands here again/,
  ],
] as const)
  test(`is refused for ${what}`, async ({ directory }) => {
    await writeLog(directory, 5);
    const file = rewrite(directory, 0, change);
    await isRefused(directory, file, sizeOf(linesOf(file), 2), text);
  });

test('is refused for a duplicated last record, which is no torn tail', async ({ directory }) => {
  await writeLog(directory, 3);
  const file = rewrite(directory, 0, (lines) => [...lines.filter(Boolean), lines[3] ?? '']);
  await isRefused(directory, file, sizeOf(linesOf(file), 4), /position 3 stands here again/);
});

test('is refused for a record of another store', async ({ sandbox, directory }) => {
  const other = sandbox.folder('other');
  await writeLog(directory, 3);
  await writeLog(other, 3, { store: 'another' });
  const foreign = linesOf(join(other, segmentsIn(other)[0] ?? ''))[2];
  const file = rewrite(directory, 0, (lines) => replaced(lines, 2, foreign));
  await isRefused(directory, file, sizeOf(linesOf(file), 2), /does not follow from the one before/);
});

test('is refused for a changed record with a new checksum and hash', async ({ directory }) => {
  await writeLog(directory, 3);
  const file = rewrite(directory, 0, (lines) => {
    const { hash } = JSON.parse(lines[1] ?? '');
    const body = JSON.stringify(JSON.parse(lines[2] ?? '').event).replace('key-2', 'key-9');
    return replaced(lines, 2, formatLine('event', hash, body).text);
  });
  await isRefused(directory, file, sizeOf(linesOf(file), 3), /position 3: the record does not follow/);
});

test('is refused for a header of another store with the same positions', async ({ sandbox, directory }) => {
  const other = sandbox.folder('other');
  await writeLog(directory, 2);
  await writeLog(other, 2, { store: 'another' });
  const foreign = linesOf(join(other, segmentsIn(other)[0] ?? ''))[0];
  const file = rewrite(directory, 0, (lines) => replaced(lines, 0, foreign));
  await isRefused(directory, file, sizeOf(linesOf(file), 1), /position 1: the record does not follow/);
});

const tiny = { segmentBytes: 900 };

test('is refused for a missing segment in the middle', async ({ directory }) => {
  await writeLog(directory, 9, tiny);
  const [first = '', second = '', third = ''] = segmentsIn(directory);
  rmSync(join(directory, second));
  const file = join(directory, first);
  const text = new RegExp(`positions ${Number(second.slice(0, 20))} to ${Number(third.slice(0, 20)) - 1} are missing`);
  await isRefused(directory, file, readFileSync(file).length, text);
});

test('is refused for a missing first segment', async ({ directory }) => {
  await writeLog(directory, 9, tiny);
  const [first = '', second = ''] = segmentsIn(directory);
  rmSync(join(directory, first));
  await isRefused(directory, join(directory, second), 0, /positions 1 to [0-9]+ are missing/);
});

test("is refused for a segment under another's name", async ({ directory }) => {
  await writeLog(directory, 9, tiny);
  const renamed = join(directory, segmentName(99));
  renameSync(join(directory, segmentsIn(directory).at(-1) ?? ''), renamed);
  await isRefused(directory, renamed, 0, /the file was renamed/);
});

test('is refused for a segment of another store', async ({ sandbox, directory }) => {
  const other = sandbox.folder('other');
  await writeLog(directory, 9, tiny);
  await writeLog(other, 9, { ...tiny, store: 'f'.repeat(36) });
  const [first = '', second = ''] = segmentsIn(directory);
  copyFileSync(join(other, second), join(directory, second));
  const file = join(directory, first);
  await isRefused(directory, file, readFileSync(file).length, /the next segment is of another store/);
});

test('is refused for an older copy of a segment that continued differently', async ({ sandbox, directory }) => {
  const other = sandbox.folder('other');
  await writeLog(directory, 9, tiny);
  await writeLog(other, 3, tiny);
  const { log } = await openLog(other, tiny);
  await log.append(
    (await readAll(log)).slice(0, 1).map((one) => ({ ...one, position: 4 })),
    { flush: 'now' },
  );
  await log.close();
  const shared = segmentsIn(directory).filter((name) => segmentsIn(other).includes(name));
  const last = shared.at(-1) ?? '';
  copyFileSync(join(other, last), join(directory, last));
  const file = join(directory, last);
  await isRefused(directory, file, readFileSync(file).length, /position/);
});

test('is refused for an empty segment', async ({ directory }) => {
  await writeLog(directory, 9, tiny);
  const file = join(directory, segmentsIn(directory).at(-1) ?? '');
  writeFileSync(file, '');
  await isRefused(directory, file, 0, /the header is damaged/);
});

test('has all its damage listed by inspection, and everything else counted', async ({ directory }) => {
  await writeLog(directory, 40, { segmentBytes: 4000 });
  const names = segmentsIn(directory);
  assert.ok(names.length >= 4);
  rewrite(directory, 0, (lines) => replaced(lines, 3, lines[3]?.replace('key', 'kez')));
  rewrite(directory, 1, (lines) => lines.toSpliced(2, 2));
  rewrite(directory, 2, (lines) => replaced(lines, 0, lines[0]?.replace('store', 'stork')));
  const { damage, records, position, segments, bytes, store } = await inspectLog(directory);
  assert.equal(
    damage.map(({ file }) => names.indexOf(file.split('/').at(-1) ?? '')),
    [0, 1, 2],
  );
  assert.is(records, 37);
  assert.is(position, 40);
  assert.is(segments, names.length);
  assert.is(
    bytes,
    names.reduce((sum, name) => sum + readFileSync(join(directory, name)).length, 0),
  );
  assert.ok(store !== '');
});

test.run();
