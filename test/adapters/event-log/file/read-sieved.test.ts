import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Envelope } from '../../../../events/envelope.ts';
import { glance } from '../../../../events/glance.ts';
import { archiveLog } from '../../../../src/adapters/event-log/file/archive/archive-log.ts';
import { loadSegments } from '../../../../src/adapters/event-log/file/load-segments.ts';
import { readSieved } from '../../../../src/adapters/event-log/file/read-sieved.ts';
import type { Segment } from '../../../../src/adapters/event-log/file/segment.ts';
import type { Sieve } from '../../../../src/ports/event-log.ts';
import { caughtFault } from '../../../support/caught-fault.ts';
import { createSandbox, type Sandbox } from '../../../support/sandbox.ts';
import { eventsAfter, writeLog } from './file-log.ts';

const test = suite<{ sandbox: Sandbox; directory: string }>('reading a log through a sieve');
const count = 400;

test.before.each(async (context) => {
  context.sandbox = createSandbox('read-sieved');
  context.directory = join(context.sandbox.path, 'log');
  await writeLog(context.directory, count, { segmentBytes: 8192 });
});
test.after.each(({ sandbox }) => sandbox.close());

const segmentsOf = async (directory: string) => (await loadSegments(directory))?.segments ?? [];

/** Lets every third snapshot through, and keeps what it was told. */
function thirds(): Sieve & { readonly noted: number[] } {
  const noted: number[] = [];
  return {
    noted,
    note: (text) => {
      const { id } = glance(text);
      noted.push(id);
      return id;
    },
    skips: (id) => id % 3 !== 0,
  };
}

/** With a thread, which so few bytes are not worth otherwise. */
async function readThrough(segments: readonly Segment[], sieve: Sieve = thirds()) {
  const kept: Envelope[] = [];
  for await (const batch of readSieved(segments, sieve, 1) ?? []) kept.push(...batch);
  return kept;
}

test('tells of every event, in order, and gives those that it lets through', async ({ directory }) => {
  const sieve = thirds();
  const kept = await readThrough(await segmentsOf(directory), sieve);
  const all = eventsAfter(0, count);
  assert.equal(
    sieve.noted,
    all.map(({ position }) => position),
  );
  assert.equal(
    kept,
    all.filter(({ position }) => position % 3 === 0),
  );
});

test('leaves out whole segments that are not needed, between others that are', async ({ directory }) => {
  const segments = await segmentsOf(directory);
  const needed = (id: number) => id < 10 || (id > 150 && id < 160) || id === count;
  const kept = await readThrough(segments, { ...thirds(), skips: (id) => !needed(id) });
  assert.equal(
    kept,
    eventsAfter(0, count).filter(({ position }) => needed(position)),
  );
});

test('finds damage anywhere, in what it skips as well, and says what and where', async ({ directory }) => {
  const segments = await segmentsOf(directory);
  const path = segments[4]?.path ?? '';
  const whole = readFileSync(path);
  for (const at of [300, 1500, 7000]) {
    const damaged = Buffer.from(whole);
    damaged[at] = (whole[at] ?? 0) ^ 1;
    writeFileSync(path, damaged);
    const { code, message } = await caughtFault(readThrough(segments));
    assert.is(code, 'corrupt', `byte ${at}`);
    assert.match(message, path);
    assert.match(message, 'position');
  }
});

test('finds that a segment ends early', async ({ directory }) => {
  const segments = await segmentsOf(directory);
  const path = segments[4]?.path ?? '';
  writeFileSync(path, readFileSync(path).subarray(0, 3000));
  const { code, message } = await caughtFault(readThrough(segments));
  assert.is(code, 'corrupt');
  assert.match(message, path);
});

test('tells which file is gone', async ({ directory }) => {
  const segments = await segmentsOf(directory);
  const reading = readSieved(segments, thirds(), 1);
  rmSync(segments[3]?.path ?? '');
  const { code, message } = await caughtFault(
    (async () => {
      for await (const _ of reading ?? []);
    })(),
  );
  assert.is(code, 'io');
  assert.match(message, segments[3]?.path ?? '');
});

test('is not offered where reading everything is better', async ({ directory }) => {
  const segments = await segmentsOf(directory);
  assert.is(readSieved(segments, thirds()), undefined, 'short');
  const [first, ...rest] = segments;
  assert.ok(first);
  const gap = { last: 3, mark: 'm', base: { position: 3, sha256: '' } };
  assert.is(readSieved([{ ...first, header: { ...first.header, gap } }, ...rest], thirds(), 1), undefined, 'a gap');
  assert.ok((await archiveLog(directory, count, false)).length > 0);
  assert.is(readSieved(await segmentsOf(directory), thirds(), 1), undefined, 'archives');
});

test('ends its thread where the reader stops early', async ({ directory }) => {
  const segments = await segmentsOf(directory);
  for await (const batch of readSieved(segments, thirds(), 1) ?? []) {
    assert.is(batch[0]?.position, 3);
    break;
  }
  assert.is((await readThrough(segments)).length, Math.floor(count / 3));
});

test.run();
