import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, openSync, readdirSync, readFileSync, rmSync, truncateSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import type { FileEventLogOptions } from '../../../../src/adapters/event-log/file/file-event-log.ts';
import { inspectLog } from '../../../../src/adapters/event-log/file/verify/inspect-log.ts';
import type { EventLog } from '../../../../src/ports/event-log.ts';
import { Fault } from '../../../../src/ports/fault.ts';
import { createLoop, type Loop } from '../../../support/loop.ts';
import { requireFileSystem, suiteNeeding } from '../../../support/requirements.ts';
import { age, appendTorn, dataOf, eventsAfter, now, openLog, readAll, reserved, segmentsIn } from './file-log.ts';

interface Disk {
  loop: Loop;
  directory: string;
}

const test = suiteNeeding<Disk>('log on a full disk', requireFileSystem('ext4'));

test.before.each((context) => {
  context.loop = createLoop('ext4', { megabytes: 24, format: ['-m', '0'] });
  context.directory = join(context.loop.path, 'log');
});
test.after.each(({ loop }) => loop.end());

const kibibyte = 1024;

function preallocate(fd: number, offset: number, bytes: number): void {
  const range = ['--offset', String(offset), '--length', String(bytes)];
  const { status, stderr } = spawnSync('fallocate', ['--keep-size', ...range, `/proc/${process.pid}/fd/${fd}`], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Fault(/No space/.test(stderr) ? 'no-space' : 'io', stderr, { hint: 'none' });
}

const options: Partial<FileEventLogOptions> = {
  preallocate,
  stepBytes: 64 * kibibyte,
  reserveBytes: 64 * kibibyte,
};

/** Uses up every free block. */
function fill({ path }: Loop): void {
  const fd = openSync(join(path, 'filler'), 'a');
  for (let bytes = 1 << 20; bytes >= kibibyte; )
    try {
      writeSync(fd, Buffer.alloc(bytes));
    } catch {
      bytes /= 2;
    }
  closeSync(fd);
  execFileSync('sync', ['--file-system', path]);
}

const free = ({ path }: Loop) => rmSync(join(path, 'filler'));

/** Appends one event after the other until the log rejects one; returns the reason. */
async function appendAll(log: EventLog, room: typeof now | typeof reserved, atMost = 100_000): Promise<string> {
  for (let count = 0; count < atMost; count++)
    try {
      await log.append(eventsAfter(log.end.position, 1), room);
    } catch (error) {
      return (error as Fault).code;
    }
  return 'none';
}

test('refuses ordinary events, accepts reserved ones until the reserve is used up, and recovers', async ({
  loop,
  directory,
}) => {
  const { log } = await openLog(directory, options);
  await log.append(eventsAfter(0, 1), now);
  fill(loop);
  assert.is(await appendAll(log, now), 'no-space');
  const ordinary = dataOf(join(directory, segmentsIn(directory)[0] ?? '')).length;
  assert.is(await appendAll(log, reserved), 'no-space');
  const all = dataOf(join(directory, segmentsIn(directory)[0] ?? '')).length;
  assert.ok(all - ordinary > 63 * kibibyte, `${all - ordinary} bytes of reserve`);
  const { position } = log.end;
  free(loop);
  await log.append(eventsAfter(position, 2), now);
  assert.equal(await readAll(log), eventsAfter(0, position + 2));
  await log.close();
  assert.equal((await inspectLog(directory)).damage, []);
});

test('keeps the reserve across restarts and a torn tail', async ({ loop, directory }) => {
  const first = await openLog(directory, options);
  await first.log.append(eventsAfter(0, 1), now);
  fill(loop);
  assert.is(await appendAll(first.log, now), 'no-space');
  assert.is(await appendAll(first.log, reserved, 20), 'none');
  await first.log.close();
  const left = appendTorn(join(directory, segmentsIn(directory)[0] ?? ''));
  loop.unmount();
  loop.mount();
  fill(loop);
  const { log, torn } = await openLog(directory, options);
  assert.is(torn?.bytes, left.length);
  assert.equal(readFileSync(torn?.kept ?? ''), left);
  assert.is(await appendAll(log, now, 1), 'no-space');
  const before = log.end.position;
  assert.is(await appendAll(log, reserved), 'no-space');
  assert.ok(log.end.position - before > 100, `${log.end.position - before} reserved events after the restart`);
  assert.equal(await readAll(log), eventsAfter(0, log.end.position));
  await log.close();
});

test('knows a torn tail again that a start had no space to keep', async ({ loop, directory }) => {
  const plain = await openLog(directory);
  await plain.log.append(eventsAfter(0, 3), now);
  await plain.log.close();
  const file = join(directory, segmentsIn(directory)[0] ?? '');
  truncateSync(file, dataOf(file).length);
  const left = appendTorn(file);
  age(file);
  fill(loop);
  const error: unknown = await openLog(directory).catch((thrown) => thrown);
  assert.is((error as Fault).code, 'no-space');
  free(loop);
  const { log, torn } = await openLog(directory);
  assert.equal(readFileSync(torn?.kept ?? ''), left);
  assert.is(log.end.position, 3);
  await log.close();
});

test('continues in the old segment with reserved events if there is no space for a new one', async ({
  loop,
  directory,
}) => {
  const small = { ...options, segmentBytes: 20 * kibibyte };
  const { log } = await openLog(directory, small);
  await appendAll(log, now, 10);
  fill(loop);
  assert.is(await appendAll(log, reserved, 120), 'none');
  assert.is(await appendAll(log, now, 1), 'no-space');
  assert.is(segmentsIn(directory).length, 1);
  assert.ok(dataOf(join(directory, segmentsIn(directory)[0] ?? '')).length > 20 * kibibyte);
  assert.equal(readdirSync(directory), segmentsIn(directory));
  free(loop);
  assert.is(await appendAll(log, now, 1), 'none');
  assert.is(segmentsIn(directory).length, 2);
  assert.equal(await readAll(log), eventsAfter(0, 131));
  await log.close();
  assert.equal((await inspectLog(directory)).damage, []);
});

test('rolls back what finds no space if preallocation is unsupported, and recovers', async ({ loop, directory }) => {
  const warnings: string[] = [];
  const unable = () => {
    throw new Fault('unsupported', 'fallocate: not supported', { hint: 'none' });
  };
  const { log } = await openLog(directory, { preallocate: unable, warn: (text) => warnings.push(text) });
  await log.append(eventsAfter(0, 1), now);
  fill(loop);
  assert.is(await appendAll(log, now), 'no-space');
  const { position } = log.end;
  assert.equal(await readAll(log), eventsAfter(0, position));
  free(loop);
  await log.append(eventsAfter(position, 1), now);
  await log.close();
  assert.is(warnings.length, 1);
  const { damage, tail, records } = await inspectLog(directory);
  assert.equal({ damage, tail, records }, { damage: [], tail: null, records: position + 1 });
});

test('is not created if the disk is full, and leaves no files', async ({ loop, directory }) => {
  fill(loop);
  const error: unknown = await openLog(directory, options).catch((thrown) => thrown);
  assert.is((error as Fault).code, 'no-space');
  free(loop);
  const { log } = await openLog(directory, options);
  await log.append(eventsAfter(0, 1), now);
  await log.close();
});

test.run();
