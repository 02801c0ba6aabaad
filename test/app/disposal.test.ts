import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createDisposal } from '../../src/app/disposal.ts';

const test = suite('disposal');

test('closes what was opened last first, one after the other, each once', async () => {
  const closed: string[] = [];
  const disposal = createDisposal();
  disposal.defer(() => closed.push('first'));
  disposal.defer(async () => {
    await Promise.resolve();
    closed.push('second');
  });
  await disposal.dispose();
  await disposal.dispose();
  assert.equal(closed, ['second', 'first']);
});

test('an error stops nothing, and the first one is reported', async () => {
  const closed: string[] = [];
  const disposal = createDisposal();
  disposal.defer(() => closed.push('first'));
  disposal.defer(() => Promise.reject(new Error('later')));
  disposal.defer(() => {
    throw new Error('earlier');
  });
  const error = await disposal.dispose().then(
    () => undefined,
    (thrown: Error) => thrown.message,
  );
  assert.is(error, 'earlier');
  assert.equal(closed, ['first']);
});

test.run();
