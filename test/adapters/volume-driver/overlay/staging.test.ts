import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import * as assert from 'uvu/assert';
import { createSystem } from '../../../../src/adapters/system/system.ts';
import { createDriver } from '../../../../src/compose/drivers.ts';
import { noFailpoints } from '../../../../src/ports/failpoints.ts';
import { active, rejectsWith } from '../../../contract/volume-driver.contract.ts';
import { createLoop, type Loop } from '../../../support/loop.ts';
import { requireCommand, requireFileSystem, suiteNeeding } from '../../../support/requirements.ts';
import { listing, treeScripts } from '../../../support/tree-script.ts';

const needs = [requireFileSystem('xfs'), ...['mkfs.xfs', 'getfattr', 'bash'].map(requireCommand)];
const test = suiteNeeding('staging on overlay', requireFileSystem('overlay'), ...needs);
let loop: Loop;
test.before(() => {
  loop = createLoop('xfs', { megabytes: 1024 });
});
test.after(() => loop.end());

const bash = (cwd: string, script: string) =>
  execFileSync('bash', ['-c', script], { cwd, maxBuffer: 1 << 28, stdio: ['ignore', 'pipe', 'ignore'] }).toString(
    'latin1',
  );
const open = (root: string) =>
  createDriver(
    { driver: 'overlay', root, overlay: { stageLayers: true } },
    { system: createSystem(), failpoint: noFailpoints },
  );

/** What unpacking leaves that is overlay's own. */
const marks = `mkdir -p marked; setfattr -n trusted.overlay.opaque -v y marked; mknod marked/gone c 0 0; touch -d @7 marked`;

test('a copy equals its layer, whatever that holds', async () => {
  let run = 0;
  await fc.assert(
    fc.asyncProperty(treeScripts(1, 40), async ([script = '']) => {
      const root = join(loop.path, `root-${run++}`);
      const driver = await open(root);
      try {
        const { staging } = driver;
        if (staging === undefined) throw new Error('nothing is staged on xfs');
        const target = { ...active(2), staged: true };
        for (const volume of [active(1), target]) await driver.create(volume);
        const [from, to] = [join(root, 'snapshots/1/fs'), join(root, 'snapshots/2/fs')];
        for (const step of [driver.flush, driver.freeze]) await rejectsWith(() => step(target), 'io');
        await driver.create(target);
        assert.not(existsSync(to));
        bash(from, `${script}\n${marks}`);
        const before = bash(from, listing);
        await staging.place(2, await staging.copy(1));
        assert.is(bash(to, listing), before);
        assert.is(bash(from, listing), before);
        assert.equal(readdirSync(join(root, 'staging')), []);
      } finally {
        await driver.close();
      }
    }),
    { numRuns: 6 },
  );
});

test('a copy that fails leaves nothing, and an unplaced one is discarded or deleted at the next start', async () => {
  const root = join(loop.path, 'unplaced');
  const driver = await open(root);
  const names = () => readdirSync(join(root, 'staging'));
  await rejectsWith(async () => driver.staging?.copy(9), 'io');
  assert.equal(names(), []);
  await driver.create(active(1));
  const [one, two] = [await driver.staging?.copy(1), await driver.staging?.copy(1)];
  assert.equal(names().sort(), [one, two].sort());
  await driver.staging?.discard(String(one));
  await driver.staging?.discard(String(one));
  assert.equal(names(), [two]);
  await driver.close();
  await (await open(root)).close();
  assert.equal(names(), []);
  assert.ok(existsSync(join(root, 'snapshots/1/fs')));
});

test.run();
