import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { followLog } from '../../../../../src/adapters/event-log/file/read/read-log-directory.ts';
import { Fault } from '../../../../../src/ports/fault.ts';
import { createSandbox, type Sandbox } from '../../../../support/sandbox.ts';
import { eventsAfter, now, openLog, overwrite, readAll, rewrite, segmentsIn, storeId, writeLog } from '../file-log.ts';

const test = suite<{ sandbox: Sandbox; directory: string }>('following a log');
test.before.each((context) => {
  context.sandbox = createSandbox('follow');
  context.directory = join(context.sandbox.path, 'log');
});
test.after.each(({ sandbox }) => sandbox.close());

test('continues as the log grows, across segments', async ({ directory }) => {
  const { log } = await openLog(directory, { segmentBytes: 2_000 });
  const followed = followLog(directory, storeId);
  for (let after = 0; after < 60; after += 3) {
    await log.append(eventsAfter(after, 3), now);
    assert.equal(await readAll(followed, after), eventsAfter(after, 3));
  }
  assert.ok(segmentsIn(directory).length > 3);
  assert.equal(await readAll(followed), eventsAfter(0, 60));
  await log.close();
});

test('waits for the rest of a line that is being written', async ({ directory }) => {
  await writeLog(directory, 5);
  const file = join(directory, segmentsIn(directory)[0] ?? '');
  const whole = readFileSync(file);
  const torn = Buffer.from(whole).fill(0, Math.floor((whole.length - 1) / 512) * 512);
  writeFileSync(file, Buffer.concat([torn, Buffer.alloc(5000)]));
  const followed = followLog(directory, storeId);
  assert.equal(await readAll(followed), eventsAfter(0, 4));
  overwrite(file, whole, 0);
  assert.equal(await readAll(followed, 4), eventsAfter(4, 1));
});

test('reads again if events were rolled back and others written', async ({ directory }) => {
  await writeLog(directory, 6);
  const followed = followLog(directory, storeId);
  assert.is((await readAll(followed)).length, 6);
  const file = join(directory, segmentsIn(directory)[0] ?? '');
  rewrite(directory, 0, (lines) => lines.slice(0, 4));
  const { log } = await openLog(directory);
  const others = eventsAfter(3, 4).map((envelope) => ({ ...envelope, time: envelope.time + 5n }));
  await log.append(others, now);
  await log.close();
  assert.ok(readFileSync(file).length > 0);
  await readAll(followed, 3).catch(() => {});
  assert.equal(await readAll(followed, 3), others);
});

test('reports damage', async ({ directory }) => {
  await writeLog(directory, 6);
  const file = rewrite(directory, 0, (lines) => [...lines.slice(0, 3), ...lines.slice(4)]);
  const error = await readAll(followLog(directory, storeId)).catch((fault) => fault);
  assert.instance(error, Fault);
  assert.match(error.message, file);
});

test('reports that there is no log', async ({ directory }) => {
  const error = await readAll(followLog(directory, storeId)).catch((fault) => fault);
  assert.is(error.code, 'misuse');
  assert.match(error.message, 'holds no log');
});

test('does not take a file for the next segment by its name only', async ({ directory }) => {
  await writeLog(directory, 3);
  const followed = followLog(directory, storeId);
  assert.is((await readAll(followed)).length, 3);
  writeFileSync(join(directory, '00000000000000000004.log'), '{}\n');
  assert.match((await readAll(followed, 3).catch((fault) => fault)).message, 'the header is damaged');
});

test('reads nothing of another store, and continues when its own is back', async ({ sandbox, directory }) => {
  await writeLog(directory, 3);
  const followed = followLog(directory, storeId);
  assert.is((await readAll(followed)).length, 3);
  const aside = join(sandbox.path, 'aside');
  renameSync(directory, aside);
  const { log } = await openLog(directory, { store: '11111111-1111-4111-8111-111111111111' });
  await log.append(eventsAfter(0, 5), now);
  await log.close();
  const error = await readAll(followed, 3).catch((fault) => fault);
  assert.is(error instanceof Fault && error.code, 'stale');
  assert.match(error.message, /is the log of store 11111111.*, not of/);
  rmSync(directory, { recursive: true });
  renameSync(aside, directory);
  assert.is((await readAll(followed)).length, 3);
});

test.run();
