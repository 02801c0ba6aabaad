import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as yieldToLoop } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Envelope } from '../../../../../events/envelope.ts';
import type { Segment } from '../../../../../src/adapters/event-log/file/format/segment.ts';
import { loadSegments } from '../../../../../src/adapters/event-log/file/read/load-segments.ts';
import { readEvents } from '../../../../../src/adapters/event-log/file/read/read-events.ts';
import { readLogDirectory } from '../../../../../src/adapters/event-log/file/read/read-log-directory.ts';
import { caughtFault } from '../../../../support/caught-fault.ts';
import { createSandbox, type Sandbox } from '../../../../support/sandbox.ts';
import { eventsAfter, openLog, readAll, segmentsIn } from '../file-log.ts';

const test = suite<{ sandbox: Sandbox; directory: string }>('reading a log of many segments');
const count = 400;

test.before.each(async (context) => {
  context.sandbox = createSandbox('read-ahead');
  context.directory = join(context.sandbox.path, 'log');
  const { log } = await openLog(context.directory, { segmentBytes: 8192 });
  for (const envelope of eventsAfter(0, count)) await log.append([envelope], { flush: 'now' });
  await log.close();
  assert.ok(segmentsIn(context.directory).length > 10);
});
test.after.each(({ sandbox }) => sandbox.close());

/** The events read until the end or an error, segment by segment, only on this thread. */
async function readHere(segments: readonly Segment[]) {
  const read: Envelope[] = [];
  let fault: { code: string; message: string } | undefined;
  try {
    for (const segment of segments)
      for await (const batch of readEvents([segment], segment.header.first - 1)) read.push(...batch);
  } catch (error) {
    fault = error as { code: string; message: string };
  }
  return { read, fault: fault === undefined ? undefined : { code: fault.code, message: fault.message } };
}

/** The same with a thread, which so few bytes would not start. */
const ahead = (segments: readonly Segment[], after = 0) => readEvents(segments, after, { threadFrom: 1 });

async function readAhead(segments: readonly Segment[]) {
  const read: Envelope[] = [];
  try {
    for await (const batch of ahead(segments)) read.push(...batch);
    return { read, fault: undefined };
  } catch (error) {
    const { code, message } = error as { code: string; message: string };
    return { read, fault: { code, message } };
  }
}

test('returns every event after any position, in order', async ({ directory }) => {
  const { segments = [] } = (await loadSegments(directory)) ?? {};
  for (const after of [0, 1, 57, 200, count - 1, count])
    assert.equal(
      await readAll({ read: () => ahead(segments, after) }),
      eventsAfter(after, count - after),
      `after ${after}`,
    );
});

test('finds the same damage at the same position, after the same events', async ({ directory }) => {
  const { segments = [] } = (await loadSegments(directory)) ?? {};
  const path = segments[4]?.path ?? '';
  const whole = readFileSync(path);
  for (const at of [300, 1500, 4000, 7000]) {
    const damaged = Buffer.from(whole);
    damaged[at] = (whole[at] ?? 0) ^ 1;
    writeFileSync(path, damaged);
    const [here, there] = [await readHere(segments), await readAhead(segments)];
    assert.is(here.fault?.code, 'corrupt');
    assert.equal(there, here, `byte ${at}`);
  }
});

test('names the missing file', async ({ directory }) => {
  const { segments = [] } = (await loadSegments(directory)) ?? {};
  rmSync(segments[3]?.path ?? '');
  const reading = (async () => {
    for await (const _ of ahead(segments));
  })();
  const { code, message } = await caughtFault(reading);
  assert.is(code, 'io');
  assert.match(message, segments[3]?.path ?? '');
});

test('lets the event loop run', async ({ directory }) => {
  const { segments = [] } = (await loadSegments(directory)) ?? {};
  let turns = 0;
  let reading = true;
  const counting = (async () => {
    for (; reading; turns++) await yieldToLoop();
  })();
  await readAll({ read: () => ahead(segments) });
  reading = false;
  await counting;
  assert.ok(turns > 5, `${turns} turns`);
});

test('ends its thread if the reader stops early', async ({ directory }) => {
  const { segments = [] } = (await loadSegments(directory)) ?? {};
  for await (const batch of ahead(segments)) {
    assert.is(batch[0]?.position, 1);
    break;
  }
  assert.is((await readAll(await readLogDirectory(directory))).length, count);
});

test.run();
