import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, lstatSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { nativeCalls } from '../../../../src/adapters/system/native-calls.ts';
import { createSystem } from '../../../../src/adapters/system/system.ts';
import { createOverlayDriver } from '../../../../src/adapters/volume-driver/overlay/overlay-driver.ts';
import type { VolumeDriver } from '../../../../src/ports/volume-driver.ts';
import { active } from '../../../contract/volume-driver.contract.ts';
import { requireCommand, requireRoot, suiteNeeding } from '../../../support/requirements.ts';
import { createSandbox } from '../../../support/sandbox.ts';

const { files } = nativeCalls();
const test = suiteNeeding('overlay driver, empty layers', requireRoot(), requireCommand('setfattr'));

async function withLayer(action: (driver: VolumeDriver, layer: string) => Promise<void> | void): Promise<void> {
  const sandbox = createSandbox('empty');
  const root = sandbox.folder('root');
  const driver = await createOverlayDriver({ root, system: createSystem(), files });
  try {
    await driver.create(active(1));
    await action(driver, `${root}/snapshots/1/fs`);
  } finally {
    await driver.close();
    await sandbox.close();
  }
}

test('are created again with owner, permissions and time as described', () =>
  withLayer(async (driver, layer) => {
    chownSync(layer, 70_000, 8);
    chmodSync(layer, 0o6751);
    files.setTimes(Buffer.from(layer), 5n, 1_000_000_000_000_000_007n);
    const empty = driver.describeEmpty(1);
    assert.equal(empty, { uid: 70_000, gid: 8, mode: 0o6751, mtime: 1_000_000_000_000_000_007n });
    await driver.purge(1);
    assert.is(driver.describeEmpty(1), undefined);
    await driver.create({ ...active(1), kind: 'committed', ...(empty && { empty }) });
    assert.equal(driver.describeEmpty(1), empty);
    assert.ok(driver.hasCommitted(1));
  }));

const different: readonly (readonly [string, (layer: string) => unknown])[] = [
  ['a file', (layer) => writeFileSync(`${layer}/file`, '')],
  ['a directory', (layer) => mkdirSync(`${layer}/directory`)],
  ['an extended attribute', (layer) => execFileSync('setfattr', ['-n', 'user.a', '-v', '1', layer])],
  ['an opaque root', (layer) => execFileSync('setfattr', ['-n', 'trusted.overlay.opaque', '-v', 'y', layer])],
  ['a time before 1970', (layer) => files.setTimes(Buffer.from(layer), 0n, -1n)],
  ['no directory', (layer) => rmSync(layer, { recursive: true })],
];
for (const [what, change] of different)
  test(`are not described with ${what}`, () =>
    withLayer((driver, layer) => {
      assert.ok(driver.describeEmpty(1));
      change(layer);
      assert.is(driver.describeEmpty(1), undefined);
    }));

test('are described after a mount has left its attributes', () =>
  withLayer((driver, layer) => {
    execFileSync('setfattr', ['-n', 'trusted.overlay.uuid', '-v', '0123456789abcdef', layer]);
    assert.is(driver.describeEmpty(1)?.mode, lstatSync(layer).mode & 0o7777);
  }));

test.run();
