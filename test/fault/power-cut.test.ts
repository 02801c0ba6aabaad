import * as assert from 'uvu/assert';
import { requireCommand, requireFileSystem, suiteNeeding } from '../support/requirements.ts';
import { createSandbox } from '../support/sandbox.ts';
import { createDisk } from '../torture/power-cuts/disk.ts';
import { cutPower } from '../torture/power-cuts/power-cuts.ts';
import { type DriverUnderTest, driversUnderTest } from './drivers.ts';
import { daemonOf } from './serving.ts';

const disks: readonly (readonly [disk: 'xfs' | 'ext4' | 'btrfs', driver: DriverUnderTest['name']])[] = [
  ['xfs', 'overlay'],
  ['ext4', 'overlay'],
  ['btrfs', 'overlay'],
  ['btrfs', 'btrfs'],
];

const cuts = 3;

for (const [kind, name] of disks) {
  const driver = driversUnderTest.find((one) => one.name === name);
  if (driver === undefined) throw new TypeError(`no driver ${name}`);
  const needs = [requireFileSystem(kind), requireFileSystem('xfs'), requireCommand('xfs_io'), ...driver.needs];
  const test = suiteNeeding(`power cuts, ${name} on ${kind}`, ...needs);

  const cut = async (...flags: readonly string[]) => {
    const sandbox = createSandbox('power');
    try {
      const disk = createDisk(sandbox, kind);
      return await cutPower({ sandbox, disk, server: daemonOf(name, ...flags), driver, cuts, seed: 7 });
    } finally {
      await sandbox.close();
    }
  };
  const unbroken = { refused: 0, wedged: 0, broken: { missing: 0, short: 0, different: 0 }, texts: [] };

  test('leave every layer complete whose commit was acknowledged', async () => {
    const { layers, ...damage } = await cut();
    assert.ok(layers > cuts, `${layers} layers`);
    assert.equal(damage, { cuts, lost: 0, ...unbroken });
  });

  if (kind === 'xfs')
    test('leave a layer complete, or declared lost, that is flushed after its commit was acknowledged', async () => {
      const { layers, lost, ...damage } = await cut('--durability', 'background');
      assert.ok(layers > cuts && lost <= layers, `${lost} of ${layers} layers lost`);
      assert.equal(damage, { cuts, ...unbroken });
    });

  test.run();
}
