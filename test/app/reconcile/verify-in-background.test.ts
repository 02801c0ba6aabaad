import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { evolve, initialState } from '../../../projections/state.ts';
import { lookFurther } from '../../../src/app/reconcile/verify-in-background.ts';
import type { Found } from '../../../src/ports/volume-driver.ts';
import { enveloped, prepared } from '../../support/sample-events.ts';
import { waitFor } from '../../support/wait-for.ts';

const test = suite('app/reconcile/verify-in-background');
const durable = enveloped([prepared(1, 'k1')]).reduce(evolve, initialState);
const found = (complete: boolean): Found => ({
  path: 'snapshots/1',
  id: 1,
  layer: true,
  complete,
  frozen: false,
  writable: false,
});

/** What is said and done about a scan, and what ends it. */
function looking(scan: Promise<readonly Found[]>) {
  const told: string[] = [];
  const say = (level: string) => (_fields: object, message: string) => void told.push(`${level}: ${message}`);
  const looked = lookFurther(
    { found: () => scan, abandon: () => void told.push('abandoned') },
    {
      journal: { durable },
      driver: { occupies: () => true },
      logger: { info: say('info'), warn: say('warn'), error: say('error') },
      reconcile: (volumes) => void told.push(`reconcile ${volumes}`),
    },
  );
  return { told, ...looked };
}

test('nothing is done where all is as it was left', async () => {
  const { told, close } = looking(Promise.resolve([found(true)]));
  await new Promise((resolve) => setTimeout(resolve, 20));
  await close();
  assert.equal(told, ['abandoned']);
});

test('the reconciler is called for where a volume is not', async () => {
  const { told } = looking(Promise.resolve([found(false)]));
  await waitFor('the call', () => told.length === 2);
  assert.equal(told, ['warn: volumes are not as they were left: they are compared with the log', 'reconcile 1']);
});

test('a scan that fails is told', async () => {
  const { told } = looking(Promise.reject(new Error('EIO')));
  await waitFor('the failure', () => told.length > 0);
  assert.equal(told, ['error: volumes not looked at: `snapledger reconcile` does so']);
});

test('nothing is said or done after the end', async () => {
  let fail: (error: Error) => void = () => {};
  const failing = looking(
    new Promise((_, reject) => {
      fail = reject;
    }),
  );
  const closed = failing.close();
  fail(new Error('the scan was ended'));
  await closed;
  assert.equal(failing.told, ['abandoned']);
  let resolve: (found: readonly Found[]) => void = () => {};
  const late = looking(
    new Promise((done) => {
      resolve = done;
    }),
  );
  const ended = late.close();
  resolve([found(false)]);
  await ended;
  assert.equal(late.told, ['abandoned']);
});

test.run();
