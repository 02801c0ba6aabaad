import { existsSync, lstatSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { type Failpoint, type Step, steps } from '../../../../src/ports/failpoints.ts';
import type { Volume } from '../../../../src/ports/volume-driver.ts';
import { active, idsOf, only, rejectsWith, view } from '../../../contract/volume-driver.contract.ts';
import { btrfs } from './bench.ts';
import { btrfsSuite } from './btrfs-suite.ts';

const failingAt =
  (step: Step): Failpoint =>
  (reached) => {
    if (reached === step) throw new Error(`no further than ${step}`);
  };

/** Never empty: a renamed step must not silently drop its tests. */
function stepsOf(operation: 'create' | 'freeze'): readonly Step[] {
  const found = steps.filter((name) => name.startsWith(`btrfs.${operation}.`) && !ofRebase.has(name));
  assert.ok(found.length > 0, operation);
  return found;
}

/** Tested below. */
const ofRebase: ReadonlySet<Step> = new Set(['btrfs.freeze.clean', 'btrfs.freeze.upper', 'btrfs.freeze.merge']);
const modeOf = (path: string) => (lstatSync(path).mode & 0o7777).toString(8);

btrfsSuite('interrupted', (test) => {
  for (const step of stepsOf('create'))
    for (const make of [active, view])
      test(`completes ${make(1).kind} interrupted at ${step}, whatever the umask`, async ({ open, driver, part }) => {
        const before = process.umask(0o077);
        try {
          await rejectsWith(async () => (await open(failingAt(step))).create(make(1)), 'io');
          for (const found of await driver.scan()) {
            assert.equal([found.layer, found.complete], [false, false]);
            assert.ok(await driver.isPristine(found));
          }
          await driver.create(make(1));
        } finally {
          process.umask(before);
        }
        assert.ok(only(await driver.scan()).complete);
        assert.equal([modeOf(part(1, '.')), modeOf(part(1, 'fs'))], ['700', '755']);
        assert.equal(readdirSync(part(1, '.')), ['fs']);
      });

  for (const step of stepsOf('create'))
    test(`purges a volume interrupted at ${step}`, async ({ open, driver }) => {
      await rejectsWith(async () => (await open(failingAt(step))).create(active(1)), 'io');
      await driver.purge(1);
      assert.equal(await driver.scan(), []);
    });

  for (const step of stepsOf('freeze'))
    test(`unfreezes, or freezes again, a layer interrupted at ${step}`, async ({ open, driver, part }) => {
      await driver.create(active(1));
      writeFileSync(part(1, 'fs/file'), 'first');
      btrfs('subvolume', 'create', part(1, 'fs/nested'));
      writeFileSync(part(1, 'fs/nested/file'), 'nested');
      const failing = await open(failingAt(step));
      await rejectsWith(() => failing.freeze(active(1)), 'io');
      assert.is(only(await driver.scan()).frozen, step !== 'btrfs.freeze.snapshot');
      await driver.unfreeze(active(1));
      assert.equal(readdirSync(part(1, '.')), ['fs']);
      await rejectsWith(() => failing.freeze(active(1)), 'io');
      writeFileSync(part(1, 'fs/file'), 'second');
      await driver.freeze(active(1));
      assert.is(readFileSync(part(1, 'layer/file'), 'utf8'), 'second');
      assert.is(readFileSync(part(1, 'layer/nested/file'), 'utf8'), 'nested');
      assert.throws(() => writeFileSync(part(1, 'layer/x'), ''), /EROFS/);
    });

  for (const step of [...ofRebase, 'btrfs.freeze.snapshot'] as const)
    test(`unfreezes, or freezes again, a layer to rebase interrupted at ${step}`, async ({
      open,
      driver,
      part,
      commit,
    }) => {
      const layer: Volume = { ...active(2), labels: { 'containerd.io/snapshot.ref': 'layer' } };
      const parent = step === 'btrfs.freeze.clean' ? undefined : 1;
      await driver.create(active(1));
      writeFileSync(part(1, 'fs/below'), '');
      await commit(active(1));
      await driver.create(layer);
      writeFileSync(part(2, 'fs/file'), 'first');
      const failing = await open(failingAt(step));
      await rejectsWith(() => failing.freeze(layer, parent), 'io');
      await driver.unfreeze(layer);
      assert.equal(readdirSync(part(2, '.')).sort(), ['fs', 'work']);
      await rejectsWith(() => failing.freeze(layer, parent), 'io');
      writeFileSync(part(2, 'fs/file'), 'second');
      await driver.freeze(layer, parent);
      assert.is(readFileSync(part(2, 'layer/file'), 'utf8'), 'second');
      assert.is(existsSync(part(2, 'layer/below')), parent === 1);
      assert.throws(() => writeFileSync(part(2, 'layer/x'), ''), /EROFS/);
      await driver.dropActive({ ...layer, kind: 'committed', parents: parent === undefined ? [] : [parent] });
      assert.equal(readdirSync(part(2, '.')), ['layer']);
    });

  test('finishes an interrupted commit', async ({ open, driver, part }) => {
    const done: Volume = { ...active(1), kind: 'committed' };
    await driver.create(active(1));
    await driver.freeze(active(1));
    await rejectsWith(async () => (await open(failingAt('btrfs.drop-active'))).dropActive(done), 'io');
    assert.ok(only(await driver.scan()).frozen);
    await driver.dropActive(done);
    assert.not(existsSync(part(1, 'fs')));
  });

  test('changes nothing if a purge fails to start, which can be repeated', async ({ open, driver }) => {
    await driver.create(active(1));
    await rejectsWith(async () => (await open(failingAt('btrfs.purge'))).purge(1), 'io');
    assert.ok(only(await driver.scan()).complete);
    await driver.purge(1);
    assert.equal(await idsOf(driver), []);
  });

  test('makes a committed volume active again if the log lost the commit', async (place) => {
    const { driver, part } = place;
    await driver.create(active(1));
    writeFileSync(part(1, 'fs/file'), 'kept');
    await place.commit(active(1));
    await driver.create(active(1));
    writeFileSync(part(1, 'fs/more'), '');
    assert.is(readFileSync(part(1, 'fs/file'), 'utf8'), 'kept');
    assert.equal(readdirSync(part(1, '.')), ['fs']);
  });
});
