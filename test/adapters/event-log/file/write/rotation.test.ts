import { existsSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { inspectLog } from '../../../../../src/adapters/event-log/file/verify/inspect-log.ts';
import { Fault } from '../../../../../src/ports/fault.ts';
import { caughtFault } from '../../../../support/caught-fault.ts';
import { createSandbox, type Sandbox } from '../../../../support/sandbox.ts';
import { dataOf, eventsAfter, linesOf, now, openLog, readAll, segmentsIn } from '../file-log.ts';

const test = suite<{ sandbox: Sandbox; directory: string }>('segments of the log');

test.before.each((context) => {
  context.sandbox = createSandbox('rotation');
  context.directory = join(context.sandbox.path, 'log');
});
test.after.each(({ sandbox }) => sandbox.close());

test('are named by their first position', async ({ directory }) => {
  const { log } = await openLog(directory, { segmentBytes: 2000 });
  for (const envelope of eventsAfter(0, 30)) await log.append([envelope], now);
  await log.close();
  const names = segmentsIn(directory);
  assert.ok(names.length > 3);
  for (const name of names) {
    const [header = '', first = ''] = linesOf(join(directory, name));
    assert.is(JSON.parse(header).segment.first, String(Number(name.slice(0, 20))));
    assert.is(JSON.parse(first).event.position, String(Number(name.slice(0, 20))));
  }
});

test('are made ahead, and get their names when they start', async ({ directory }) => {
  const ahead = join(directory, `${'0'.repeat(20)}.log.new`);
  const { log } = await openLog(directory, { segmentBytes: 9000 });
  const append = () => log.append(eventsAfter(log.end.position, 1), now);
  const found = () => statSync(ahead, { throwIfNoEntry: false });
  for (let taken = 0; taken < 3; taken++) {
    while (found()?.size !== 256 * 1024) await append();
    const ino = found()?.ino;
    // A rotation that comes before it is ready makes a file of its own; the next one takes it.
    while (found()?.ino === ino) await append();
    const inodes = segmentsIn(directory).map((name) => statSync(join(directory, name)).ino);
    assert.ok(ino !== undefined && inodes.includes(ino), `${ino} is none of ${inodes}`);
  }
  while (!existsSync(ahead)) await append();
  await log.close();
  assert.equal(readdirSync(directory).sort(), segmentsIn(directory));
  assert.equal((await inspectLog(directory)).damage, []);
});

test('are made ahead again after one could not be', async ({ directory }) => {
  const ahead = join(directory, `${'0'.repeat(20)}.log.new`);
  let tried = 0;
  let full = true;
  const preallocate = (_: number, offset: number) => {
    if (offset > 0 || segmentsIn(directory).length === 0 || !full) return;
    tried += 1;
    throw new Fault('no-space', 'fallocate: no space', { hint: 'none' });
  };
  const { log } = await openLog(directory, { segmentBytes: 9000, preallocate });
  const append = () => log.append(eventsAfter(log.end.position, 1), now);
  const segment = () => join(directory, segmentsIn(directory).at(-1) ?? '');
  while (dataOf(segment()).length < 8000) await append();
  assert.equal([tried, existsSync(ahead)], [1, false]);
  full = false;
  while (segmentsIn(directory).length === 1) await append();
  while (!existsSync(ahead)) {
    await append();
    assert.is(segmentsIn(directory).length, 2);
  }
  await log.close();
});

test('that a crash left unfinished, or made ahead, are deleted', async ({ directory }) => {
  const { log } = await openLog(directory);
  await log.append(eventsAfter(0, 2), now);
  await log.close();
  for (const name of [`${'0'.repeat(20)}.log.new`, '00000000000000000003.log.new'])
    writeFileSync(join(directory, name), Buffer.alloc(5000));
  const again = await openLog(directory);
  assert.equal(readdirSync(directory), segmentsIn(directory));
  assert.equal(await readAll(again.log), eventsAfter(0, 2));
  await again.log.close();
});

test('rotate at the size limit, also within one tick and one flush', async ({ directory }) => {
  const { log } = await openLog(directory, { segmentBytes: 2000 });
  await Promise.all(eventsAfter(0, 50).map((envelope) => log.append([envelope], now)));
  const sizes = segmentsIn(directory).map((name) => statSync(join(directory, name)).size);
  assert.ok(sizes.length > 5);
  assert.ok(
    sizes.slice(0, -1).every((size) => size >= 2000 && size < 2600),
    sizes.join(),
  );
  assert.equal(await readAll(log), eventsAfter(0, 50));
  await log.close();
});

test('never overwrite a file of their name, and start when it is moved away', async ({ directory }) => {
  const { log } = await openLog(directory, { segmentBytes: 1 });
  const [first, second, third] = eventsAfter(0, 3);
  if (first === undefined || second === undefined || third === undefined) return assert.unreachable();
  await log.append([first], now);
  const foreign = join(directory, '00000000000000000002.log');
  writeFileSync(foreign, 'of another log');
  assert.match((await caughtFault(log.append([second], now))).message, /a file has its name already/);
  assert.is(readFileSync(foreign, 'utf8'), 'of another log');
  renameSync(foreign, join(directory, 'elsewhere'));
  for (const envelope of [second, third]) await log.append([envelope], now);
  assert.equal(await readAll(log), eventsAfter(0, 3));
  await log.close();
});

test('hold at least one event, however small the limit', async ({ directory }) => {
  const { log } = await openLog(directory, { segmentBytes: 1 });
  for (const envelope of eventsAfter(0, 5)) await log.append([envelope], now);
  assert.is(segmentsIn(directory).length, 5);
  for (let after = 0; after <= 5; after++) assert.equal(await readAll(log, after), eventsAfter(after, 5 - after));
  await log.close();
});

test('may have another size limit after every opening', async ({ directory }) => {
  let after = 0;
  for (const segmentBytes of [700, 100_000, 1, 3000]) {
    const { log, torn } = await openLog(directory, { segmentBytes });
    assert.is(torn, null);
    await Promise.all(eventsAfter(after, 12).map((envelope) => log.append([envelope], now)));
    after += 12;
    await log.close();
  }
  const { damage, records } = await inspectLog(directory);
  assert.equal({ damage, records }, { damage: [], records: 48 });
});

test('can be read while more are written', async ({ directory }) => {
  const { log } = await openLog(directory, { segmentBytes: 2000 });
  await log.append(eventsAfter(0, 10), now);
  let position = 0;
  for await (const batch of log.read(0)) {
    for (const envelope of batch) assert.is(envelope.position, ++position);
    if (position <= 50) await log.append(eventsAfter(log.end.position, 10), now);
  }
  assert.is(position, 60);
  await log.close();
});

test('return unused preallocated space when they are complete', async ({ directory }) => {
  const asked: number[] = [];
  const { log } = await openLog(directory, {
    segmentBytes: 2000,
    stepBytes: 4096,
    reserveBytes: 8192,
    preallocate: (_, offset, bytes) => void asked.push(offset + bytes),
  });
  for (const envelope of eventsAfter(0, 30)) await log.append([envelope], now);
  await log.close();
  assert.ok(
    asked.every((end) => end >= 8192 && end <= 20_000),
    asked.join(),
  );
  for (const name of segmentsIn(directory).slice(0, -1)) {
    const { blocks, size } = statSync(join(directory, name));
    assert.ok(blocks * 512 <= Math.ceil(size / 4096) * 4096);
  }
});

test.run();
