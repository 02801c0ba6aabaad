import { readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { runChecks, worst } from '../../../src/app/doctor/check.ts';
import { checks } from '../../../src/app/doctor/checks.ts';
import { outcomeOf } from './expect-findings.ts';
import { configuredBy, healthy, machine, proxy } from './healthy.ts';

const test = suite('doctor: checks');

const plugins = { proxy_plugins: { snapledger: proxy() } };
const old = { version: 2, proxy_plugins: { snapledger: proxy({ capabilities: [] }) } };
const criOld = { 'io.containerd.grpc.v1.cri': { containerd: { snapshotter: 'snapledger' } } };
const criNew = (more: object = {}) => ({ 'io.containerd.cri.v1.images': { snapshotter: 'snapledger', ...more } });
const linked = {
  realPaths: {
    '/var/lib/snapledger': '/var/lib/snapledger',
    '/var/lib/containerd/io.containerd.snapshotter.v1.snapledger': '/var/lib/snapledger',
  },
};

test('healthy machine: every check is ok', () => {
  const outcomes = runChecks(checks, healthy);
  assert.equal(
    outcomes.filter(({ status }) => status !== 'ok'),
    [],
  );
});

test('containerd 1.7.15 with the link, and 2.3 with pulls of CRI itself: nothing is wrong', () => {
  const older = configuredBy({ ...old, plugins: criOld }, '1.7.15', linked);
  const itself = configuredBy({ version: 3, ...plugins, plugins: criNew({ use_local_image_pull: true }) });
  assert.is(worst(runChecks(checks, older).flatMap(({ findings }) => findings)), 'ok');
  const newer = configuredBy({ ...old, plugins: criOld }, '1.7.16');
  assert.is(outcomeOf(newer, 'kubernetes')?.status, 'ok');
  assert.is(outcomeOf(itself, 'unpack')?.status, 'warning');
  assert.is(outcomeOf(older, 'containerd')?.inspected, '1.7.15, lacks exports, remap-ids, rebase');
});

test('unavailable facts: each check says why', () => {
  const unavailable = { unavailable: 'EACCES' };
  const facts = machine({
    ...{
      self: unavailable,
      kernel: unavailable,
      root: unavailable,
      store: unavailable,
      trial: unavailable,
      daemon: unavailable,
      clock: unavailable,
    },
    units: { snapledger: undefined, containerd: undefined },
    containerd: { ...healthy.containerd, version: unavailable, process: unavailable },
    sockets: { '/run/snapledger/snapledger.sock': unavailable },
  });
  const outcomes = runChecks(checks, facts);
  const unchecked = outcomes.filter(({ status }) => status === 'not checked').map(({ check }) => check);
  assert.equal(
    checks.map(({ name }) => name).filter((name) => !unchecked.includes(name)),
    ['settings', 'confinement', 'containerd configuration', 'plugin', 'kubernetes', 'unpack'],
  );
});

test('checks: OPERATIONS.md lists each', () => {
  const operations = readFileSync('OPERATIONS.md', 'utf8');
  assert.equal(
    checks.filter(({ name }) => !operations.includes(`\n| ${name} `)).map(({ name }) => name),
    [],
  );
});

test.run();
