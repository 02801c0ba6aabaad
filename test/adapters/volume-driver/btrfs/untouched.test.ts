import { chmodSync, unlinkSync, writeFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import type { Found } from '../../../../src/ports/volume-driver.ts';
import { active, only, view } from '../../../contract/volume-driver.contract.ts';
import { btrfs } from './bench.ts';
import { btrfsSuite, type Fixture } from './btrfs-suite.ts';

/** A committed layer with a file, and a new child. */
async function childOf({ driver, part, commit }: Fixture): Promise<Found> {
  await driver.create(active(1));
  writeFileSync(part(1, 'fs/file'), 'content');
  await commit(active(1));
  await driver.create(active(2, 1));
  const child = (await driver.scan()).find(({ id }) => id === 2);
  if (child === undefined) throw new Error('the child is not there');
  return child;
}

btrfsSuite('untouched', (test) => {
  test('includes a new child and a view', async (place) => {
    assert.ok(await place.driver.isPristine(await childOf(place)));
    await place.driver.create(view(3, 1));
    for (const found of await place.driver.scan()) assert.is(await place.driver.isPristine(found), found.id !== 1);
  });

  const changes: readonly (readonly [string, (file: string) => void])[] = [
    ['written into', (file) => writeFileSync(file, 'changed')],
    ['given a file', (file) => writeFileSync(`${file}2`, '')],
    ['robbed of its only file', (file) => unlinkSync(file)],
    ['given another mode', (file) => chmodSync(file, 0o600)],
  ];
  for (const [what, change] of changes)
    test(`excludes a child that was ${what} a moment ago`, async (place) => {
      const found = await childOf(place);
      change(place.part(2, 'fs/file'));
      assert.not(await place.driver.isPristine(found));
    });

  test('excludes a volume with a frozen layer, or with other entries', async ({ driver, part }) => {
    await driver.create(active(1));
    await driver.freeze(active(1));
    assert.not(await driver.isPristine(only(await driver.scan())));
    await driver.unfreeze(active(1));
    assert.ok(await driver.isPristine(only(await driver.scan())));
    writeFileSync(part(1, 'note'), '');
    assert.not(await driver.isPristine(only(await driver.scan())));
  });

  test('distinguishes a writable layer from a frozen one', async ({ driver, part }) => {
    await driver.create(active(1));
    assert.is(only(await driver.scan()).writable, true);
    await driver.freeze(active(1));
    assert.is(only(await driver.scan()).writable, false);
    btrfs('subvolume', 'delete', part(1, 'fs'));
    assert.equal(only(await driver.scan()), {
      path: 'snapshots/1',
      id: 1,
      layer: true,
      complete: false,
      frozen: false,
      writable: false,
    });
  });
});
