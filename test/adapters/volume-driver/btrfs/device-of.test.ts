import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { deviceOf } from '../../../../src/adapters/volume-driver/btrfs/check-btrfs-root.ts';
import type { Fault } from '../../../../src/ports/fault.ts';

const test = suite('deviceOf');

const table = `22 1 8:1 / / rw - ext4 /dev/sda1 rw
30 22 0:40 / /mnt rw,relatime shared:1 - btrfs /dev/sdb rw,space_cache=v2
31 22 0:41 /below /mnt\\040two/root rw - btrfs /dev/mapper/a\\040b rw,subvol=/below
32 30 0:42 / /mnt/over rw - ext4 /dev/sdc rw
33 30 0:43 / /mnt/over rw master:1 - btrfs /dev/sdd rw
34 30 0:44 / /mnt/nodev rw - btrfs none rw
`;

test('takes the innermost mount, and the last of several on one mount point', () => {
  assert.is(deviceOf('/mnt/a/b', table), '/dev/sdb');
  assert.is(deviceOf('/mnt', table), '/dev/sdb');
  assert.is(deviceOf('/mnt/over/root', table), '/dev/sdd');
});

test('reads spaces in paths', () => assert.is(deviceOf('/mnt two/root/deep', table), '/dev/mapper/a b'));

test('reports that there is no device', () => {
  for (const path of ['/mnta', '/mnt/nodev/x'])
    assert.throws(
      () => deviceOf(path, table),
      (fault: Fault) => fault.code === 'unsupported' && fault.hint !== '',
    );
});

test.run();
