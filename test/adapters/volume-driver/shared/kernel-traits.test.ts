import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { hostRoot } from '../../../../src/adapters/volume-driver/overlay/volume.ts';
import { isAtLeast, isWholeRange, kernelTraits } from '../../../../src/adapters/volume-driver/shared/kernel-traits.ts';

const traits = suite('kernelTraits');

traits('are detected for any directory', () => {
  assert.equal(Object.keys(kernelTraits('/')), [
    'index',
    'redirectDir',
    'metacopy',
    'userNamespace',
    'userxattr',
    'idMappedLayers',
  ]);
});

traits('compare kernel releases numerically', () => {
  for (const release of ['5.11.0', '5.11-rc1', '5.100.3-generic', '6.0', '10.2.1'])
    assert.ok(isAtLeast(release, 5, 11));
  for (const release of ['5.10.99', '5.9', '4.19.0-amd64', 'odd']) assert.not(isAtLeast(release, 5, 11));
});

traits('detect the initial user namespace by its map', () => {
  assert.ok(isWholeRange('         0          0 4294967295\n'));
  for (const map of ['0 1000 1\n', '0 0 65536\n', '0 100000 4294967295\n', '0 0 1\n1 1 4294967294\n', ''])
    assert.not(isWholeRange(map), map);
});

traits.run();

const mapped = suite('hostRoot');

mapped('is the host id of id 0', () => {
  assert.is(hostRoot('0:1000:65536'), 1000);
  assert.is(hostRoot('1:5:10,0:77:1'), 77);
});

mapped('is refused if the mapping has none', () => {
  for (const mapping of ['', '1:1000:5', '0:1000:0', '0:1000', 'a:b:c'])
    assert.throws(() => hostRoot(mapping), /id mapping/);
});

mapped.run();
