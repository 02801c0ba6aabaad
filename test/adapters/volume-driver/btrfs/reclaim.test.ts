import { closeSync, openSync, writeFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import { createReclaim } from '../../../../src/adapters/volume-driver/btrfs/reclaim.ts';
import { active } from '../../../contract/volume-driver.contract.ts';
import { btrfsSuite } from './btrfs-suite.ts';

/**
 * Closes a file of a purged volume while its room is waited for. Held open until then, it can't be freed before anybody looks:
 * the kernel may be at it at any time.
 */
async function closedMeanwhile<T>(fd: number, reclaiming: T): Promise<Awaited<T>> {
  await pause(50);
  closeSync(fd);
  return await reclaiming;
}

btrfsSuite('reclaim', (test) => {
  test('waits until purged space is free, and reports whether it waited', async ({ root, driver, calls, part }) => {
    await driver.create(active(1));
    for (let n = 0; n < 50; n++) writeFileSync(part(1, `fs/${n}`), Buffer.alloc(10_000));
    await driver.reclaimSpace?.();
    const fd = openSync(part(1, 'fs/0'), 'r');
    await driver.purge(1);
    assert.is((await calls.deleted(root)).length, 1);
    assert.is(await closedMeanwhile(fd, driver.reclaimSpace?.()), true);
    assert.equal(await calls.deleted(root), []);
    assert.is(await driver.reclaimSpace?.(), false);
  });

  test('does not wait twice for files that are held open', async ({ root, driver, calls, part }) => {
    await driver.create(active(1));
    writeFileSync(part(1, 'fs/file'), 'held');
    const fd = openSync(part(1, 'fs/file'), 'r');
    await driver.purge(1);
    const reclaim = createReclaim({ root, calls, timeout: 100 });
    assert.is(await reclaim(), true);
    assert.is((await calls.deleted(root)).length, 1);
    assert.is(await reclaim(), false);
    assert.is(await closedMeanwhile(fd, createReclaim({ root, calls })()), true);
    assert.equal(await calls.deleted(root), []);
  });
});
