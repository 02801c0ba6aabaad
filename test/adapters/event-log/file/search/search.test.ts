import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readLogDirectory } from '../../../../../src/adapters/event-log/file/read/read-log-directory.ts';
import { indexLog } from '../../../../../src/adapters/event-log/file/search/index-log.ts';
import type { Mention } from '../../../../../src/ports/readable-log.ts';
import { caughtFault } from '../../../../support/caught-fault.ts';
import { committed, enveloped, prepared } from '../../../../support/sample-events.ts';
import { createSandbox, type Sandbox } from '../../../../support/sandbox.ts';
import { now, openLog, rewrite, segmentsIn } from '../file-log.ts';

interface Context {
  sandbox: Sandbox;
  log: string;
  index: string;
}

const strange = 'a "key" \\ with\nü€𝄞';
const facts = [
  ...Array.from({ length: 60 }, (_, at) => prepared(at + 1, `key-${at + 1}`, at === 0 ? null : { name: 'p', id: at })),
  prepared(61, strange),
  committed(7, 'key-7', 'name-7'),
];

const test = suite<Context>('searching a log');
test.before.each(async (context) => {
  context.sandbox = createSandbox('search');
  context.log = context.sandbox.folder('log');
  context.index = join(context.sandbox.path, 'index');
  const { log } = await openLog(context.log, { segmentBytes: 4096 });
  for (const envelope of enveloped(facts)) await log.append([envelope], now);
  await log.close();
  assert.ok(segmentsIn(context.log).length > 3);
});
test.after.each(({ sandbox }) => sandbox.close());

async function found({ log, index }: Context, ...mentions: Mention[]): Promise<readonly number[]> {
  const opened = await readLogDirectory(log, index);
  const positions: number[] = [];
  for await (const batch of opened.search?.(mentions) ?? []) positions.push(...batch.map(({ position }) => position));
  return positions;
}

test('finds by key, name, id and parent, in order, with and without indexes', async (context) => {
  for (let round = 0; round < 2; round++) {
    assert.equal(await found(context, { field: 'key', value: 'key-9' }), [9]);
    assert.equal(await found(context, { field: 'name', value: 'name-7' }), [62]);
    assert.equal(await found(context, { field: 'id', value: '7' }, { field: 'parentId', value: '7' }), [7, 8, 62]);
    assert.equal(await found(context, { field: 'key', value: strange }), [61]);
    assert.equal(await found(context, { field: 'key', value: 'key' }), []);
    await indexLog(context.log, context.index);
  }
});

test('finds many references at once', async (context) => {
  const ids = [3, 50, 12, 7, 20, 31];
  const mentions = ids.map((id) => ({ field: 'id', value: String(id) }) as const);
  assert.equal(await found(context, ...mentions), [3, 7, 12, 20, 31, 50, 62]);
});

test('reads no segment that the index excludes', async (context) => {
  await indexLog(context.log, context.index);
  rewrite(context.log, 1, (lines) => lines.map((line, at) => (at === 1 ? line.replace('"test"', '"tEst"') : line)));
  assert.equal(await found(context, { field: 'key', value: 'key-1' }), [1]);
});

test('names a damaged record that it meets', async (context) => {
  const file = rewrite(context.log, 0, (lines) => lines.map((line) => line.replace('"test"', '"tEst"')));
  const error = await caughtFault(found(context, { field: 'key', value: 'key-1' }));
  assert.is(error.code, 'corrupt');
  assert.match(error.message, file);
});

test('builds an index once per complete segment, and skips a damaged one or that of another segment', async (context) => {
  await indexLog(context.log, context.index);
  const names = readdirSync(context.index);
  assert.is(names.length, segmentsIn(context.log).length - 1);
  const [first = '', second = ''] = names.map((name) => join(context.index, name));
  const whole = readFileSync(first);
  writeFileSync(
    first,
    whole.map((byte, at) => (at === whole.length - 1 ? byte ^ 0xff : byte)),
  );
  writeFileSync(second, whole);
  writeFileSync(join(context.index, '00000000000000099999.bloom'), '');
  assert.equal(await found(context, { field: 'id', value: '9' }), [9]);
  await indexLog(context.log, context.index);
  assert.equal(readFileSync(first), whole);
  assert.not.equal(readFileSync(second), whole);
  assert.equal(readdirSync(context.index), names);
});

/** Adds events to a log of one segment, and indexes it as its daemon does. */
async function grow({ log, index }: Context, name: string, from: number, to: number): Promise<void> {
  const { log: opened } = await openLog(log);
  const events = Array.from({ length: to - from }, (_, at) => prepared(from + at + 1, `${name}-${from + at + 1}`));
  await opened.append(enveloped(events, from), now);
  await opened.close();
  await indexLog(log, index);
}

test('indexes the open segment up to its newest events, and continues there', async ({ sandbox }) => {
  const context = { sandbox, log: sandbox.folder('growing'), index: join(sandbox.path, 'growing-index') };
  const other = { sandbox, log: sandbox.folder('other'), index: join(sandbox.path, 'other-index') };
  await grow(context, 'grown', 0, 2000);
  const [name = ''] = readdirSync(context.index);
  const first = readFileSync(join(context.index, name));
  assert.equal(await found(context, { field: 'id', value: '2000' }), [2000]);
  await grow(context, 'grown', 2000, 4000);
  assert.not.equal(readFileSync(join(context.index, name)), first);
  for (const id of [1, 1500, 2001, 4000])
    assert.equal(await found(context, { field: 'key', value: `grown-${id}` }), [id]);
  // The same length, but another history: events rolled back and others written.
  await grow(other, 'other', 0, 4000);
  writeFileSync(join(other.index, name), first);
  for (const id of [1, 1500, 4000]) assert.equal(await found(other, { field: 'key', value: `other-${id}` }), [id]);
});

test("reports an index that can't be written", async (context) => {
  writeFileSync(context.index, 'no directory');
  const error = await caughtFault(indexLog(context.log, context.index));
  assert.is(error.code, 'io');
  assert.match(error.message, 'index ');
});

test('finds the positions of a period, only by the index if there is one', async (context) => {
  await indexLog(context.log, context.index);
  const seconds = (from?: number, to?: number) => ({
    since: from === undefined ? undefined : BigInt(from) * 1_000_000_000n,
    until: to === undefined ? undefined : BigInt(to) * 1_000_000_000n,
  });
  const { rangesIn } = await readLogDirectory(context.log, context.index);
  const whole = [{ first: 1, last: 62 }];
  assert.equal(await rangesIn?.({}), whole);
  assert.equal(await rangesIn?.(seconds(0, 62)), whole);
  const last = Number((segmentsIn(context.log).at(-1) ?? '').slice(0, 20));
  // Nothing is known of the last segment, which may be written.
  assert.equal(await rangesIn?.(seconds(undefined, 0)), [{ first: last, last: 62 }]);
  const [first] = (await rangesIn?.(seconds(1, 1))) ?? [];
  assert.is(first?.first, 1);
  assert.ok((first?.last ?? 62) < 20);
});

test('skips an index whose time stamps were changed', async (context) => {
  await indexLog(context.log, context.index);
  const file = join(context.index, readdirSync(context.index)[0] ?? '');
  const whole = readFileSync(file);
  writeFileSync(file, whole.toString('latin1').replace(/"latest":"\d+"/, '"latest":"1"'), 'latin1');
  const { rangesIn } = await readLogDirectory(context.log, context.index);
  assert.is((await rangesIn?.({ since: 5_000_000_000n }))?.[0]?.first, 1);
});

test.run();
