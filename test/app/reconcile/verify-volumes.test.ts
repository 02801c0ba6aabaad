import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { emptyState, evolve } from '../../../projections/state.ts';
import { countChanged, idsMatch, verifyVolumes } from '../../../src/app/reconcile/verify-volumes.ts';
import { deferred } from '../../../src/ports/promises.ts';
import type { Found } from '../../../src/ports/volume-driver.ts';
import { committed, enveloped, prepared, removed } from '../../support/sample-events.ts';
import { waitFor } from '../../support/wait-for.ts';

const test = suite('volume verification');
const likeOverlay = { occupies: ({ kind }: { kind: string }) => kind !== 'view' };
const base = { name: 'base', id: 1 };
const events = [prepared(1, 'k1'), committed(1, 'k1', 'base'), prepared(2, 'k2', base)];
const durable = enveloped(events).reduce(evolve, emptyState());
const scanned = (...ids: number[]) => ({ ids: Float64Array.from(ids), unknownEntries: 0 });

test('scanned ids match if they are exactly the wanted ones', () => {
  for (const [ids, match] of [
    [[1, 2], true],
    [[2, 1], true],
    [[1], false],
    [[1, 2, 3], false],
    [[1, 3], false],
  ] as const)
    assert.is(idsMatch(durable, likeOverlay, scanned(...ids)), match, String(ids));
  assert.not(idsMatch(durable, likeOverlay, { ...scanned(1, 2), unknownEntries: 1 }));
});

test('scanned ids do not match while a volume waits for its purge', () => {
  const removing = enveloped([...events, removed(2, 'k2')]).reduce(evolve, emptyState());
  assert.not(idsMatch(removing, likeOverlay, scanned(1, 2)));
});

const found = (id: number | null, parts: Partial<Found>): Found => ({
  path: `snapshots/${id}`,
  id,
  layer: true,
  complete: true,
  frozen: false,
  writable: false,
  ...parts,
});

for (const [what, volume, count] of [
  ['a whole layer', found(1, {}), 0],
  ['a layer without what an active needs', found(1, { complete: false }), 0],
  ['a layer that is gone', found(1, { layer: false, complete: false }), 1],
  ['a layer beside its active', found(1, { frozen: true }), 1],
  ['a layer that is not frozen', found(1, { writable: true }), 1],
  ['an active without a part', found(2, { complete: false }), 1],
  ['an active that a btrfs driver finds', found(2, { writable: true }), 0],
  ['a volume that is not wanted', found(7, { layer: false }), 0],
  ['an entry without an id', found(null, { layer: false }), 0],
] as const)
  test(`${what} is ${count === 0 ? 'not ' : ''}counted as changed`, async () => {
    assert.is(await countChanged(durable, likeOverlay, [volume]), count);
  });

/** The log messages and calls of a verification, and its close. */
function verifying(scan: Promise<readonly Found[]>) {
  const seen: string[] = [];
  const say = (level: string) => (_fields: object, message: string) => void seen.push(`${level}: ${message}`);
  const verified = verifyVolumes({
    journal: { durable },
    driver: {
      ...likeOverlay,
      scan: (signal) => {
        signal?.addEventListener('abort', () => seen.push('aborted'));
        return scan;
      },
    },
    logger: { info: say('info'), warn: say('warn'), error: say('error') },
    reconcile: (volumes) => void seen.push(`reconcile ${volumes}`),
  });
  return { seen, ...verified };
}

test('unchanged volumes need nothing', async () => {
  const { seen, close } = verifying(Promise.resolve([found(2, {})]));
  await new Promise((resolve) => setTimeout(resolve, 20));
  await close();
  assert.equal(seen, ['aborted']);
});

test('a changed volume calls the reconciler', async () => {
  const { seen } = verifying(Promise.resolve([found(2, { complete: false })]));
  await waitFor('the call', () => seen.length === 2);
  assert.equal(seen, ['warn: volumes changed while the daemon was stopped; reconciling', 'reconcile 1']);
});

test('a volume that was created since the start is ignored', async () => {
  const { seen, close } = verifying(Promise.resolve([found(3, { complete: false })]));
  await new Promise((resolve) => setTimeout(resolve, 20));
  await close();
  assert.equal(seen, ['aborted']);
});

test('a failed scan is logged', async () => {
  const { seen } = verifying(Promise.reject(new Error('EIO')));
  await waitFor('the failure', () => seen.length > 0);
  assert.equal(seen, ['error: volumes not verified: run `snapledger reconcile`']);
});

test('nothing is logged or done after the close', async () => {
  const failing = deferred<readonly Found[]>();
  const first = verifying(failing.promise);
  const closed = first.close();
  failing.reject(new Error('the scan was ended'));
  await closed;
  assert.equal(first.seen, ['aborted']);
  const late = deferred<readonly Found[]>();
  const second = verifying(late.promise);
  const ended = second.close();
  late.resolve([found(2, { complete: false })]);
  await ended;
  assert.equal(second.seen, ['aborted']);
});

test.run();
