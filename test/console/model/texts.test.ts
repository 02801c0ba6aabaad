import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { eventCodecs } from '../../../events/registry.ts';
import { addressIn, hashOf } from '../../../src/console/page/model/address.ts';
import { commandFor, quoted } from '../../../src/console/page/model/command.ts';
import { flushLines } from '../../../src/console/page/model/flush-lines.ts';
import { eventTypes, groupOf, incidentTypes } from '../../../src/console/page/model/kinds.ts';
import { type Phase, stagesOf } from '../../../src/console/page/model/life.ts';
import { lowerDirectories } from '../../../src/console/page/model/lower-directories.ts';
import {
  changeText,
  counted,
  millisecondsText,
  shortKey,
  spanText,
  timeText,
} from '../../../src/console/page/model/units.ts';
import { run } from '../../support/run.ts';

const test = suite("texts of the console's page");

const strange = 'k8s.io/1/a b&c=d#e?f%g\'"\u202e<\n>';

test('address: holds whatever a key holds', () => {
  assert.equal(addressIn(hashOf('snapshot', { key: strange, path: '', at: undefined })), {
    ...{ view: 'snapshot', values: { key: strange } },
  });
  assert.equal(addressIn('#/store?at=4711').values, { at: '4711' });
  for (const unknown of ['', '#', '#/', '#/nowhere?at=1', '#main'])
    assert.equal(addressIn(unknown), { view: 'timeline', values: {} });
});

test('command: says the same as each view', () => {
  const command = (hash: string) => commandFor(addressIn(hash), '/var/lib/snapledger');
  assert.is(command('#/timeline?type=VolumeLost&since=2h+ago'), "snapledger log --since '2h ago' --type VolumeLost");
  assert.is(command('#/store?at=4711&search=x'), 'snapledger tree --at 4711');
  assert.is(command('#/compare?from=3'), 'snapledger diff 3');
  assert.is(command('#/snapshot?key=17'), 'snapledger history 17');
  assert.is(command('#/snapshot?key=17&path=/etc/passwd'), 'snapledger blame 17 /etc/passwd');
  assert.is(command('#/disk'), 'snapledger stats');
  assert.is(command('#/fleet'), 'snapledger fleet nodes');
  assert.is(command('#/fleet?layer=sha256:00&node=n'), 'snapledger fleet holds sha256:00');
  assert.is(command('#/fleet?image=a/b:1'), 'snapledger fleet holds --image a/b:1');
  assert.is(commandFor(addressIn('#/fleet?node=n'), '/srv/x'), 'snapledger fleet incidents --node n');
  assert.is(commandFor(addressIn('#/health'), '/srv/my store'), "snapledger verify --root '/srv/my store'");
});

test('command: is one word for a shell, whatever it holds', async () => {
  const { stdout } = await run('sh', ['-c', `printf %s ${quoted(strange)}`]);
  assert.is(stdout, strange);
});

test('types of events: each is in a group, and incidents are marked', () => {
  assert.equal([...eventTypes], Object.keys(eventCodecs).sort());
  assert.is(groupOf('OfALaterRelease'), 'store');
  assert.ok(incidentTypes.includes('VolumeLost'));
});

test('life: has the stages of a layer that was retained, restored and purged', () => {
  const event = (seconds: number, type: string, data: object = {}) => ({
    ...{ position: '1', id: '', time: `${seconds}000000000`, type: `${type}.v1`, meta: {}, data },
  });
  const stages = stagesOf(
    [
      event(1, 'SnapshotPrepared', { kind: 'active' }),
      event(2, 'UsageMeasured'),
      event(3, 'SnapshotCommitted'),
      event(5, 'SnapshotRemoved', { retained: true }),
      event(8, 'SnapshotRestored'),
      event(9, 'SnapshotRemoved', { retained: false }),
      event(10, 'VolumePurged'),
    ],
    99_000,
  );
  const phases = stages.map(({ phase, from, to }): [Phase, number] => [phase, (to - from) / 1000]);
  assert.equal(phases, [
    ['active', 2],
    ['committed', 2],
    ['retained', 3],
    ['committed', 1],
    ['removed', 1],
  ]);
  assert.equal(stagesOf([event(1, 'SnapshotPrepared', { kind: 'view' })], 4000), [
    { phase: 'view', from: 1000, to: 4000 },
  ]);
});

test('numbers: have units and signs', () => {
  assert.is(changeText(-1536), '−1.5 KiB');
  assert.is(changeText(0), '0 B');
  assert.is(counted(1, 'layer'), '1 layer');
  assert.is(counted(1234, 'layer'), '1,234 layers');
  assert.is(spanText(93_784_000), '1d');
  assert.is(timeText(0, true), '1970-01-01 00:00:00');
  assert.is(timeText(Number.NaN, true), '–');
});

test('flush times: are lines that end at a period without flushes, and at one that was not observed', () => {
  const period = (from: number, to: number, count: number) => ({
    ...{ from: `${from}000000000`, to: `${to}000000000`, count, mean: count === 0 ? 0 : 0.002 },
    ...(count === 0 ? { p50: 0, p99: 0 } : { p50: 0.001, p99: 0.025 }),
  });
  assert.equal(flushLines([period(10, 15, 4), period(15, 20, 0), period(60, 65, 1)]), {
    ...{ times: [15, 20, 60, 65], p50: [1, null, null, 1], p99: [25, null, null, 25] },
    ...{ flushes: 5, highest: 25 },
  });
  assert.equal(flushLines([]), { times: [], p50: [], p99: [], flushes: 0, highest: 0 });
  assert.is(millisecondsText(25), '25 ms');
  assert.is(millisecondsText(1.2345), '1.23 ms');
});

test('lower directories: are divided at colons, except at those that a backslash makes part of a path', () => {
  assert.equal(lowerDirectories('/a/2/fs:/a/1/fs'), ['/a/2/fs', '/a/1/fs']);
  assert.equal(lowerDirectories('/a\\:b/2:/a\\\\:/c,d'), ['/a:b/2', '/a\\', '/c,d']);
  assert.equal(lowerDirectories('/upper::/data'), ['/upper', '/data']);
});

test('keys: are shown with short digests', () => {
  assert.is(shortKey(`default/1/sha256:${'ab'.repeat(32)}`), `default/1/sha256:${'ab'.repeat(6)}…`);
});

test.run();
