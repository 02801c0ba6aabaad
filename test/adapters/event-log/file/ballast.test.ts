import { statSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { inspectLog } from '../../../../src/adapters/event-log/file/verify/inspect-log.ts';
import type { Ballast } from '../../../../src/ports/disk-space.ts';
import { Fault } from '../../../../src/ports/fault.ts';
import { createSandbox, type Sandbox } from '../../../support/sandbox.ts';
import { createFailpoint, eventsAfter, now, openLog, readAll, reserved, segmentsIn } from './file-log.ts';

interface Context {
  sandbox: Sandbox;
  directory: string;
}

const test = suite<Context>('log with ballast');

test.before.each((context) => {
  context.sandbox = createSandbox('log-ballast');
  context.directory = join(context.sandbox.path, 'log');
});
test.after.each(({ sandbox }) => sandbox.close());

/** Simulated ballast that can be released that many times, and its operations. */
function simulatedBallast(times: number): Ballast & { readonly operations: string[] } {
  const operations: string[] = [];
  let left = times;
  return {
    operations,
    restore: async () => void operations.push('restore'),
    release: async () => {
      operations.push('release');
      return left-- > 0;
    },
  };
}

const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'stored',
    (error: unknown) => (error instanceof Fault ? error.code : String(error)),
  );

test('releases it for a reserved event if the disk is full, and creates it again afterwards', async ({ directory }) => {
  const failing = createFailpoint();
  const ballast = simulatedBallast(1);
  const { log } = await openLog(directory, { failpoint: failing.failpoint, ballast });
  failing.arm('log.write', 'ENOSPC');
  assert.is(await codeOf(log.append(eventsAfter(0, 1), reserved)), 'stored');
  assert.equal(ballast.operations, ['restore', 'release', 'restore']);
  await log.close();
  assert.equal((await inspectLog(directory)).damage, []);
});

test('restores it if an ordinary event finds the disk full', async ({ directory }) => {
  const failing = createFailpoint();
  const ballast = simulatedBallast(1);
  const { log } = await openLog(directory, { failpoint: failing.failpoint, ballast });
  failing.arm('log.write', 'ENOSPC');
  assert.is(await codeOf(log.append(eventsAfter(0, 1), now)), 'no-space');
  assert.equal(ballast.operations, ['restore']);
  await log.close();
});

test('rolls a reserved event back if there is no ballast, and continues', async ({ directory }) => {
  const failing = createFailpoint();
  const { log } = await openLog(directory, { failpoint: failing.failpoint, ballast: simulatedBallast(0) });
  failing.arm('log.write', 'ENOSPC');
  assert.is(await codeOf(log.append(eventsAfter(0, 1), reserved)), 'no-space');
  assert.is(await codeOf(log.append(eventsAfter(0, 1), reserved)), 'stored');
  assert.equal(await readAll(log), eventsAfter(0, 1));
  await log.close();
});

test('accepts a reserved event that cannot be preallocated, and starts a segment at the next append', async ({
  directory,
}) => {
  const failing = createFailpoint();
  const full = { now: false };
  const preallocate = () => {
    if (full.now) throw new Fault('no-space', 'fallocate: ENOSPC', { hint: 'none' });
  };
  const ballast = simulatedBallast(9);
  const { log } = await openLog(directory, {
    failpoint: failing.failpoint,
    ballast,
    preallocate,
    segmentBytes: 300,
    stepBytes: 1,
    reserveBytes: 1,
  });
  full.now = true;
  assert.is(await codeOf(log.append(eventsAfter(0, 1), reserved)), 'stored');
  full.now = false;
  failing.arm('log.rotate', 'ENOSPC');
  assert.is(await codeOf(log.append(eventsAfter(1, 1), reserved)), 'stored');
  assert.is(segmentsIn(directory).length, 2);
  assert.equal(ballast.operations, ['restore', 'restore', 'release', 'restore']);
  await log.close();
});

test('opens with its help', async ({ directory }) => {
  const tries = { left: 1 };
  const preallocate = () => {
    if (tries.left-- > 0) throw new Fault('no-space', 'fallocate: ENOSPC', { hint: 'none' });
  };
  const ballast = simulatedBallast(1);
  const { log } = await openLog(directory, { ballast, preallocate });
  assert.equal(ballast.operations, ['release', 'restore']);
  await log.close();
});

test('truncates nothing if nothing was written', async ({ directory }) => {
  const failing = createFailpoint();
  const { log } = await openLog(directory, { failpoint: failing.failpoint });
  const file = join(directory, segmentsIn(directory)[0] ?? '');
  const { size, ctimeNs } = statSync(file, { bigint: true });
  failing.arm('log.write', 'ENOSPC');
  assert.is(await codeOf(log.append(eventsAfter(0, 1), now)), 'no-space');
  const after = statSync(file, { bigint: true });
  assert.equal([after.size, after.ctimeNs], [size, ctimeNs]);
  await log.close();
});

test.run();
