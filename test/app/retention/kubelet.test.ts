import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  hiddenFromKubelet,
  type MinFree,
  missingSpace,
  type RetentionPolicy,
} from '../../../src/app/retention/policy.ts';
import { complete } from '../../../src/config/config.ts';

const test = suite('retention and kubelet');
const GiB = 2 ** 30;
const disk = { bytes: 0, totalBytes: 100 * GiB, inodes: 0, totalInodes: 0 };
const policyWith = (minFree: MinFree, maxBytes = 10 * GiB): RetentionPolicy => {
  const { retention } = complete({ retention: { max_bytes: maxBytes, min_free: minFree } });
  if (retention === null) throw new Error('retention is on by default');
  return retention;
};

test('nothing is hidden by default: all layers are evicted before it lacks space', () => {
  const { retention } = complete({});
  assert.ok(retention);
  assert.is(hiddenFromKubelet(retention, disk), 0);
  const atThreshold = { ...disk, bytes: 0.15 * disk.totalBytes };
  assert.is(missingSpace(atThreshold, retention.minFree), 5 * GiB);
});

test('what lies between both thresholds is hidden, at most all that is retained', () => {
  assert.is(hiddenFromKubelet(policyWith({ fraction: 0.15 }), disk), 0);
  assert.is(hiddenFromKubelet(policyWith({ fraction: 0.1 }), disk), 5 * GiB);
  assert.is(hiddenFromKubelet(policyWith({ fraction: 0 }), disk), 10 * GiB);
  assert.is(hiddenFromKubelet(policyWith({ fraction: 0 }, 50 * GiB), disk), 15 * GiB);
});

test('a size counts as its part of the disk', () => {
  assert.is(hiddenFromKubelet(policyWith({ bytes: 15 * GiB }), disk), 0);
  assert.is(hiddenFromKubelet(policyWith({ bytes: 12 * GiB }), disk), 3 * GiB);
  assert.is(hiddenFromKubelet(policyWith({ bytes: 12 * GiB }), { ...disk, totalBytes: 1000 * GiB }), 10 * GiB);
});

test.run();
