import { execFileSync } from 'node:child_process';
import { lstatSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { placeApart } from '../../../../src/adapters/system/commands.ts';
import { createSystem } from '../../../../src/adapters/system/system.ts';
import { createOverlayDriver } from '../../../../src/adapters/volume-driver/overlay/overlay-driver.ts';
import { active } from '../../../contract/volume-driver.contract.ts';
import { createLoop, type LoopType } from '../../../support/loop.ts';
import { requireFileSystem, suiteNeeding } from '../../../support/requirements.ts';

const test = suiteNeeding(
  'overlay driver: places',
  ...(['overlay', 'ext4'] as const).map((name) => requireFileSystem(name)),
);

/** 32 groups, of 512 inodes each. */
const groups = ['-N', '16384', '-g', '8192', '-O', '^flex_bg'];
const groupOf = (inode: number) => Math.floor((inode - 1) / 512);

/** The directories of volumes that have the flag T, and the inodes of eight volumes. */
async function placedOn(type: LoopType, format: readonly string[]) {
  const loop = createLoop(type, { megabytes: 320, format });
  const root = `${loop.path}/root`;
  try {
    const driver = await createOverlayDriver({ root, system: createSystem(), placeApart });
    const inodes: number[] = [];
    for (let id = 1; id <= 8; id++) {
      await driver.create(active(id));
      inodes.push(lstatSync(`${root}/snapshots/${id}`).ino);
    }
    await driver.close();
    const flagged = ['pool', 'snapshots'].filter((name) =>
      /^\S*T/.test(execFileSync('lsattr', ['-d', `${root}/${name}`], { encoding: 'utf8' })),
    );
    return { flagged, inodes };
  } finally {
    loop.end();
  }
}

test('volumes apart from each other on ext4 without a journal', async () => {
  const { flagged, inodes } = await placedOn('ext4', [...groups, '-O', '^has_journal']);
  assert.equal(flagged, ['pool', 'snapshots']);
  const used = new Set(inodes.map(groupOf));
  assert.ok(used.size >= 4, `8 volumes lie in ${used.size} groups of inodes: ${inodes}`);
});

test('volumes as ext4 does by itself with a journal', async () => {
  assert.equal((await placedOn('ext4', groups)).flagged, []);
});

test.run();
