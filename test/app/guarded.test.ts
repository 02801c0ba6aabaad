import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createMemoryDriver } from '../../src/adapters/volume-driver/memory-driver.ts';
import { guardDriver, guardReads } from '../../src/app/guarded.ts';
import { Fault } from '../../src/ports/fault.ts';
import { enveloped, prepared } from '../support/sample-events.ts';

const test = suite('root guard');

test('a driver is halted and closed even on another root', async () => {
  const wrong = new Fault('stale', 'root: is another directory', { hint: 'bring it back' });
  const driver = createMemoryDriver();
  const guarded = guardDriver({ check: () => wrong, checkNow: () => wrong, checkFully: () => wrong }, driver);
  const volume = { id: 1, kind: 'active', parents: [], labels: {} } as const;
  await guarded.usage(volume).then(
    () => assert.unreachable(),
    (error: unknown) => assert.is(error, wrong),
  );
  assert.is(guarded.halt(), undefined);
  await driver.usage(volume).then(
    () => assert.unreachable(),
    (error: Fault) => assert.is(error.code, 'stopped'),
  );
  await guarded.close();
});

test('a measurement counts only if the root is the opened one after it', async () => {
  const wrong = new Fault('stale', 'root: is another directory', { hint: 'bring it back' });
  const driver = createMemoryDriver();
  const volume = { id: 1, kind: 'active', parents: [], labels: {} } as const;
  await driver.create(volume);
  let replaced = false;
  // The last answer of `check` may be a millisecond old.
  const root = {
    check: () => undefined,
    checkNow: () => (replaced ? wrong : undefined),
    checkFully: () => undefined,
  };
  const usage = async (...args: Parameters<typeof driver.usage>) => {
    const measured = await driver.usage(...args);
    replaced = true;
    return measured;
  };
  await guardDriver(root, driver).usage(volume);
  await guardDriver(root, { ...driver, usage })
    .usage(volume)
    .then(
      () => assert.unreachable(),
      (error: unknown) => assert.is(error, wrong),
    );
  await driver.close();
});

test('reads are passed on only while the root is the opened one', async () => {
  const wrong = new Fault('stale', 'root: is another directory', { hint: 'bring it back' });
  let fault: Fault | undefined;
  const root = { check: () => fault, checkNow: () => fault, checkFully: () => fault };
  const [first, second] = enveloped([prepared(1, 'a'), prepared(2, 'b')]).map((envelope) => [envelope]);
  const reading = guardReads(root, {
    async *read(_after: number) {
      yield first ?? [];
      yield second ?? [];
    },
  })
    .read(0)
    [Symbol.asyncIterator]();
  assert.equal((await reading.next()).value, first);
  fault = wrong;
  await reading.next().then(
    () => assert.unreachable(),
    (error: unknown) => assert.is(error, wrong),
  );
});

test.run();
