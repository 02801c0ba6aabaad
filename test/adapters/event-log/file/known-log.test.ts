import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Envelope } from '../../../../events/envelope.ts';
import { archiveLog } from '../../../../src/adapters/event-log/file/archive/move-archives.ts';
import { followLog, readLogDirectory } from '../../../../src/adapters/event-log/file/read/read-log-directory.ts';
import type { ReadableLog } from '../../../../src/ports/readable-log.ts';
import { caughtFault } from '../../../support/caught-fault.ts';
import { createSandbox, type Sandbox } from '../../../support/sandbox.ts';
import { eventsAfter, now, openLog, storeId } from './file-log.ts';

interface Context {
  sandbox: Sandbox;
  directory: string;
}

const test = suite<Context>('log that was opened before');
test.before.each((context) => {
  context.sandbox = createSandbox('known-log');
  context.directory = join(context.sandbox.path, 'log');
});
test.after.each(({ sandbox }) => sandbox.close());

async function append(directory: string, events: readonly Envelope[], segmentBytes = 4_000): Promise<void> {
  const { log } = await openLog(directory, { segmentBytes });
  for (const envelope of events) await log.append([envelope], now);
  await log.close();
}

async function positionsIn(log: ReadableLog): Promise<readonly number[]> {
  const found: number[] = [];
  for await (const batch of log.read(0)) found.push(...batch.map(({ position }) => position));
  return found;
}

const upTo = (end: number) => Array.from({ length: end }, (_, at) => at + 1);

/** What is known of a log leads to the same log as opening it anew. */
async function expectSame({ directory }: Context, known: ReadableLog, end: number): Promise<ReadableLog> {
  const grown = await readLogDirectory(directory, undefined, known);
  const anew = await readLogDirectory(directory);
  assert.equal([grown.end, grown.store, grown.gone], [anew.end, anew.store, anew.gone]);
  assert.is(grown.end.position, end);
  assert.equal(await positionsIn(grown), upTo(end));
  return grown;
}

test('grows: with events, with segments, and not at all', async (context) => {
  const { directory } = context;
  await append(directory, eventsAfter(0, 5));
  let known: ReadableLog = await readLogDirectory(directory);
  known = await expectSame(context, known, 5);
  const before = known;
  await append(directory, eventsAfter(5, 3));
  known = await expectSame(context, known, 8);
  await append(directory, eventsAfter(8, 60));
  known = await expectSame(context, known, 68);
  await archiveLog(directory, 40, false);
  known = await expectSame(context, known, 68);
  assert.is(before.end.position, 5, 'what was opened stays as it was');
  // All at once, from the oldest that is known.
  await expectSame(context, before, 68);
});

test('grows: beside a log that is being written, into zeros', async (context) => {
  const { directory } = context;
  const { log } = await openLog(directory);
  await log.append(eventsAfter(0, 3), now);
  let known: ReadableLog = await readLogDirectory(directory);
  for (let end = 3; end < 12; end++) {
    await log.append(eventsAfter(end, 1), now);
    known = await expectSame(context, known, end + 1);
  }
  await log.close();
});

test('followed: a reader that was away goes on in segments that were archived meanwhile', async ({ directory }) => {
  await append(directory, eventsAfter(0, 5));
  const { read } = followLog(directory, storeId);
  const found: number[] = [];
  const readOn = async () => {
    for await (const batch of read(found.at(-1) ?? 0)) found.push(...batch.map(({ position }) => position));
  };
  await readOn();
  await append(directory, eventsAfter(5, 60));
  await archiveLog(directory, 50, false);
  await readOn();
  assert.equal(found, upTo(65));
});

test('rolled back: events that were replaced by others are read anew', async (context) => {
  const { directory, sandbox } = context;
  await append(directory, eventsAfter(0, 10));
  const copy = join(sandbox.path, 'copy');
  cpSync(directory, copy, { recursive: true });
  await append(directory, eventsAfter(10, 4));
  const known = await readLogDirectory(directory);
  rmSync(directory, { recursive: true });
  cpSync(copy, directory, { recursive: true });
  await append(
    directory,
    eventsAfter(10, 6).map((envelope) => ({ ...envelope, id: `other-${envelope.position}` })),
  );
  const grown = await expectSame(context, known, 16);
  assert.not.equal(await grown.chainHashAt(14), known.end.chainHash);
});

test('replaced: the log of another store is opened, and a log that is gone is an error', async (context) => {
  const { directory } = context;
  await append(directory, eventsAfter(0, 10));
  const known = await readLogDirectory(directory);
  rmSync(directory, { recursive: true });
  assert.is((await caughtFault(readLogDirectory(directory, undefined, known))).code, 'misuse');
  const { log } = await openLog(directory, { store: '11111111-2222-4333-8444-555555555555' });
  await log.append(eventsAfter(0, 12), now);
  await log.close();
  const grown = await expectSame(context, known, 12);
  assert.not.equal(grown.store, known.store);
});

test.run();
