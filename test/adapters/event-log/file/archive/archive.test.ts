import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { archiveLog } from '../../../../../src/adapters/event-log/file/archive/move-archives.ts';
import { readLogDirectory } from '../../../../../src/adapters/event-log/file/read/read-log-directory.ts';
import { inspectLog } from '../../../../../src/adapters/event-log/file/verify/inspect-log.ts';
import { caughtFault } from '../../../../support/caught-fault.ts';
import { createSandbox, type Sandbox } from '../../../../support/sandbox.ts';
import { eventsAfter, now, openLog, readAll, segmentsIn, writeLog } from '../file-log.ts';

interface Context {
  sandbox: Sandbox;
  log: string;
  whole: Record<string, Buffer>;
}

const count = 80;
const small = { segmentBytes: 4096 };
const test = suite<Context>('an archived log');
test.before.each(async (context) => {
  context.sandbox = createSandbox('archive');
  context.log = context.sandbox.folder('log');
  await writeLog(context.log, count, small);
  const names = segmentsIn(context.log);
  assert.ok(names.length > 4);
  context.whole = Object.fromEntries(names.map((name) => [name, readFileSync(join(context.log, name))]));
});
test.after.each(({ sandbox }) => sandbox.close());

const archives = (log: string) =>
  readdirSync(log)
    .filter((name) => name.endsWith('.gz'))
    .sort();

test('is read, searched, verified and appended to as before', async ({ log, whole }) => {
  const before = await readAll(await readLogDirectory(log));
  const archived = await archiveLog(log, count, false);
  assert.is(archived.length, Object.keys(whole).length - 1, 'the last segment stays');
  const opened = await readLogDirectory(log);
  assert.equal(await readAll(opened), before);
  assert.equal(await readAll(opened, 30), before.slice(30));
  assert.equal((await opened.rangesIn?.({ until: 5_500_000_000n }))?.at(0)?.first, 1);
  const found: number[] = [];
  for await (const batch of opened.search?.([{ field: 'key', value: 'key-7' }]) ?? [])
    found.push(...batch.map(({ position }) => position));
  assert.equal(found, [7]);
  assert.equal((await inspectLog(log)).damage, []);
  const { log: written } = await openLog(log, small);
  await written.append(eventsAfter(count, 1), now);
  assert.is((await readAll(written)).length, count + 1);
  await written.close();
});

test('holds every byte, readable by any gzip reader', async ({ log, whole }) => {
  await archiveLog(log, count, false);
  for (const name of archives(log))
    assert.equal(execFileSync('zcat', [join(log, name)]), whole[name.replace('.gz', '')], name);
});

test('keeps what is needed after a position, and a dry run changes nothing', async ({ log, whole }) => {
  const planned = await archiveLog(log, 30, true);
  assert.equal(readdirSync(log).sort(), Object.keys(whole).sort());
  const done = await archiveLog(log, 30, false);
  assert.equal(
    done.map(({ segment }) => segment),
    planned.map(({ segment }) => segment),
  );
  assert.ok(done.every(({ last, before, after }) => last <= 30 && after > 0 && after < before));
  assert.equal(await archiveLog(log, 30, false), []);
});

test('names the missing positions if it is deleted', async ({ log }) => {
  const [, second] = await archiveLog(log, count, false);
  rmSync(join(log, archives(log)[1] ?? ''));
  const fault = await caughtFault(readLogDirectory(log));
  assert.is(fault.code, 'corrupt');
  assert.match(fault.message, `positions ${second?.first} to ${second?.last} are missing`);
  assert.match(fault.message, `${second?.segment} or its archive`);
});

test('is reported by verify with its first position if it is damaged, and verify continues', async ({ log }) => {
  const archived = await archiveLog(log, count, false);
  const [, second = ''] = archives(log);
  truncateSync(join(log, second), 200);
  const report = await inspectLog(log);
  assert.is(report.damage.length, 1, report.damage.map(({ text }) => text).join('\n'));
  assert.match(
    report.damage[0]?.text ?? '',
    `log archive ${join(log, second)}: byte 0, position ${archived[1]?.first}: `,
  );
  assert.match(report.damage[0]?.hint ?? '', 'without .gz, works as well');
  assert.is(report.position, count);
});

test('is named wherever it is damaged', async ({ log }) => {
  await archiveLog(log, count, false);
  const file = join(log, archives(log)[1] ?? '');
  const packed = readFileSync(file);
  for (let at = 0; at < packed.length; at += 7) {
    writeFileSync(
      file,
      packed.map((byte, index) => (index === at ? byte ^ 0x10 : byte)),
    );
    const { damage } = await inspectLog(log);
    const named = damage.some(({ text }) => text.includes(file.replace('.gz', '')));
    const read = async () => {
      await readAll(await readLogDirectory(log));
      // The comment and the gzip header contain no events.
      return damage.length === 0 && at < packed.indexOf(0, 10);
    };
    const harmless = await read().catch(
      (error) => error.code === 'corrupt' && String(error.message).includes(file.replace('.gz', '')),
    );
    assert.ok(harmless && (named || at < packed.indexOf(0, 10)), `byte ${at}`);
  }
});

test.run();
