import { BehaviorSubject } from 'rxjs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createAnswerInTime } from '../../../src/app/store/answer-in-time.ts';
import type { LogTrouble } from '../../../src/ports/event-log.ts';
import { Fault } from '../../../src/ports/fault.ts';
import { caughtFault } from '../../support/caught-fault.ts';
import { prepare } from '../../support/commands.ts';
import { deferred } from '../../support/deferred.ts';
import { closeMemoryStores, openMemoryStore } from '../../support/memory-store.ts';

const test = suite('answer in time');
test.after(closeMemoryStores);

/** The bound itself keeps no process alive. */
const alive = setInterval(() => {}, 60_000);
test.after(() => clearInterval(alive));

const troubleOf = (code: 'io' | 'corrupt'): LogTrouble => ({
  fault: new Fault(code, 'the cluster does not answer', { hint: 'look at it' }),
  refuses: 'none',
});

test('answers a change that waits too long for a silent log, and starts none while it is silent', async () => {
  const troubles = new BehaviorSubject<LogTrouble | undefined>(undefined);
  const inTime = createAnswerInTime({ troubles }, 20);
  const { promise: held, resolve: release } = deferred();
  let ended = false;
  const change = async () => {
    await held;
    ended = true;
  };
  const waiting = caughtFault(inTime(change));
  troubles.next(troubleOf('io'));
  const { code, message, hint } = await waiting;
  assert.equal([code, hint], ['stopped', 'look at it']);
  assert.match(message, 'has not answered for too long: the cluster does not answer');
  assert.is((await caughtFault(inTime(async () => assert.unreachable('it began')))).code, 'stopped');
  troubles.next(undefined);
  release();
  assert.is(await inTime(async () => 'again'), 'again');
  await held;
  await Promise.resolve();
  assert.ok(ended, 'the change itself goes on');
});

test('lets a change wait if the trouble passes, or is of another kind', async () => {
  const troubles = new BehaviorSubject<LogTrouble | undefined>(troubleOf('io'));
  const inTime = createAnswerInTime({ troubles }, 20);
  troubles.next(troubleOf('corrupt'));
  await new Promise((resolve) => setTimeout(resolve, 60));
  assert.is(await inTime(async () => 1), 1);
  assert.is((await caughtFault(inTime(() => Promise.reject(new Fault('io', 'no', { hint: '' }))))).message, 'no');
});

test('adds nothing to a log without trouble reports', async () => {
  const change = async () => 1;
  const inTime = createAnswerInTime({});
  const answer = change();
  assert.is(
    inTime(() => answer),
    answer,
  );
});

test('refuses a change whose event is too large for the cluster, before it is in the log', async () => {
  const { snapshots, journal, types, driver } = await openMemoryStore({ largest: 1_000 });
  const labels = { 'containerd.io/large': 'x'.repeat(2_000) };
  const before = types();
  const prepared = snapshots.prepare(prepare('k', '', { labels }), { actor: 'a' });
  const { code, message, hint } = await caughtFault(prepared);
  assert.is(code, 'too-large');
  assert.match(message, /the SnapshotPrepared event would have 2\d{3} bytes.*takes 1000/);
  assert.match(hint, 'fewer or shorter labels');
  assert.equal([types(), driver.volumes.size, journal.health.serving], [before, 0, true]);
});

test.run();
