import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { inspectLog } from '../../../../src/adapters/event-log/file/verify/inspect-log.ts';
import type { ErrnoName } from '../../../../src/ports/errno.ts';
import { Fault, type FaultCode } from '../../../../src/ports/fault.ts';
import { createSandbox, type Sandbox } from '../../../support/sandbox.ts';
import { createFailpoint, eventsAfter, now, openLog, readAll, segmentsIn } from './file-log.ts';

const test = suite<{ sandbox: Sandbox; directory: string }>('log on a failing disk');

test.before.each((context) => {
  context.sandbox = createSandbox('failing-disk');
  context.directory = join(context.sandbox.path, 'log');
});
test.after.each(({ sandbox }) => sandbox.close());

const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'stored',
    (error: unknown) => (error instanceof Fault ? error.code : String(error)),
  );

for (const [step, code] of [
  ['log.write', 'EIO'],
  ['log.sync', 'EIO'],
  ['log.write', 'ESTALE'],
  ['log.sync', 'ENOSPC'],
  ['log.sync', 'EDQUOT'],
  ['log.sync', 'EROFS'],
  ['log.sync', 'EMFILE'],
  ['log.rotate', 'EIO'],
] as const)
  test(`stops if ${step} fails with ${code}, serves what is durable, and continues after a restart`, async (context) => {
    const { directory } = context;
    const failing = createFailpoint();
    const options = { failpoint: failing.failpoint, segmentBytes: 600 };
    const { log } = await openLog(directory, options);
    for (const envelope of eventsAfter(0, 3)) await log.append([envelope], now);
    failing.arm(step, code);
    const outcomes = await Promise.all(eventsAfter(3, 4).map((envelope) => codeOf(log.append([envelope], now))));
    const expected = step !== 'log.sync' && code === 'ESTALE' ? 'stale' : 'io';
    const failed = outcomes.indexOf(expected);
    assert.ok(
      outcomes.slice(failed).every((outcome) => outcome === expected),
      outcomes.join(),
    );
    assert.is(log.end.position, 3 + failed);
    assert.is(await codeOf(log.append(eventsAfter(3 + failed, 1), now)), 'stopped');
    assert.equal(await readAll(log), eventsAfter(0, 3 + failed));
    await log.settled();
    await log.close();

    const again = await openLog(directory, options);
    const held = again.log.end.position;
    assert.ok(held >= 3 + failed);
    await again.log.append(eventsAfter(held, 1), now);
    assert.equal(await readAll(again.log), eventsAfter(0, held + 1));
    await again.log.close();
    assert.equal((await inspectLog(directory)).damage, []);
  });

test('never writes again to a segment whose flush failed', async ({ directory }) => {
  const failing = createFailpoint();
  const { log } = await openLog(directory, { failpoint: failing.failpoint });
  failing.arm('log.sync', 'EIO');
  assert.is(await codeOf(log.append(eventsAfter(0, 1), now)), 'io');
  const file = join(directory, segmentsIn(directory)[0] ?? '');
  const before = readFileSync(file);
  assert.is(await codeOf(log.append(eventsAfter(0, 1), now)), 'stopped');
  await log.close();
  assert.equal(readFileSync(file), before);
});

test('warns if its directory cannot be set to write in place, and continues', async ({ directory }) => {
  const warnings: string[] = [];
  const asked: string[] = [];
  const writeInPlace = (path: string) => {
    asked.push(path);
    return 'no chattr';
  };
  const { log } = await openLog(directory, { writeInPlace, warn: (text) => warnings.push(text) });
  await log.append(eventsAfter(0, 1), now);
  await log.close();
  assert.equal(asked, [directory]);
  assert.match(warnings.join(), 'on a full disk the log accepts nothing, not even removals: no chattr');
});

const passing: Partial<Record<ErrnoName, FaultCode>> = {
  ENOSPC: 'no-space',
  EDQUOT: 'no-space',
  EROFS: 'read-only',
  EMFILE: 'exhausted',
  ENFILE: 'exhausted',
};
const refusing = (['log.write', 'log.rotate'] as const).flatMap((step) =>
  Object.entries(passing).map(([errno, code]) => ({ step, errno: errno as ErrnoName, code })),
);

for (const { step, errno, code } of refusing)
  test(`rolls back if ${step} fails with ${errno}, across segments, and continues`, async ({ directory }) => {
    const failing = createFailpoint();
    const { log } = await openLog(directory, { failpoint: failing.failpoint, segmentBytes: 600 });
    for (const envelope of eventsAfter(0, 2)) await log.append([envelope], now);
    const { end } = log;
    failing.arm(step, errno);
    const outcomes = await Promise.all(eventsAfter(2, 9).map((envelope) => codeOf(log.append([envelope], now))));
    const given = outcomes.indexOf(code);
    assert.ok(
      outcomes.slice(given).every((outcome) => outcome === code),
      outcomes.join(),
    );
    assert.is(log.end.position, end.position + given);
    const after = log.end.position;
    await Promise.all(eventsAfter(after, 9).map((envelope) => log.append([envelope], now)));
    assert.equal(await readAll(log), eventsAfter(0, after + 9));
    await log.close();
    const { damage, position, tail } = await inspectLog(directory);
    assert.equal({ damage, position, tail }, { damage: [], position: after + 9, tail: null });
  });

test.run();
