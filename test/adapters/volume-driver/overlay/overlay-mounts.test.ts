import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createOverlayMounts } from '../../../../src/adapters/volume-driver/overlay/overlay-mounts.ts';
import { active, view } from '../../../contract/volume-driver.contract.ts';

const mounts = suite('createOverlayMounts');

const traits = {
  index: true,
  redirectDir: true,
  metacopy: true,
  userNamespace: false,
  userxattr: false,
  idMappedLayers: true,
};
const own = ['index=off', 'redirect_dir=off'];
const plain = createOverlayMounts('/r', traits, { remapIds: false });
const mapping = {
  'containerd.io/snapshot/uidmapping': '0:1000:65536',
  'containerd.io/snapshot/gidmapping': '0:2000:65536',
};

const bind = (source: string, ...options: string[]) => [{ type: 'bind', source, target: '', options }];
const overlay = (...options: string[]) => [{ type: 'overlay', source: 'overlay', target: '', options }];

mounts('binds an active without parents', () => {
  assert.equal(plain(active(1)), bind('/r/snapshots/1/fs', 'rw', 'rbind'));
});

const ref = { 'containerd.io/snapshot.ref': 'chain' };
const diffId = { 'containerd.io/snapshot/diff-id': 'diff' };
const parentChain = { 'containerd.io/snapshot/parent-chain-id': 'below' };
const unpacked = { ...active(1), labels: ref };

mounts('stacks a layer that may get its parent at the commit on an empty directory', () => {
  const stacked = overlay(...own, 'workdir=/r/snapshots/1/work', 'upperdir=/r/snapshots/1/fs', 'lowerdir=/r/empty');
  assert.equal(plain(unpacked), stacked);
  assert.equal(plain({ ...active(1), labels: { ...ref, ...diffId, ...parentChain } }), stacked);
});

mounts('binds the base layer of a containerd that names the parents of all others', () => {
  assert.equal(plain({ ...active(1), labels: { ...ref, ...diffId } }), bind('/r/snapshots/1/fs', 'rw', 'rbind'));
});

mounts('binds such a layer in a user namespace, and with userxattr', () => {
  const bound = bind('/r/snapshots/1/fs', 'rw', 'rbind');
  assert.equal(createOverlayMounts('/r', { ...traits, userNamespace: true }, { remapIds: false })(unpacked), bound);
  const mountOptions = ['userxattr'];
  assert.equal(createOverlayMounts('/r', traits, { remapIds: false, mountOptions })(unpacked), bound);
});

mounts("adds the operator's options to the mount of a layer to rebase", () => {
  const set = createOverlayMounts('/r', traits, { remapIds: false, mountOptions: ['index=on', 'volatile'] });
  const [mount] = set(unpacked);
  assert.equal(mount?.options.slice(-3), ['lowerdir=/r/empty', 'index=on', 'volatile']);
  assert.not(mount?.options.includes('index=off'));
});

mounts('binds the only parent of a view, read-only', () => {
  assert.equal(plain(view(2, 1)), bind('/r/snapshots/1/fs', 'ro', 'rbind'));
});

mounts('binds an empty directory for a view without parent', () => {
  assert.equal(plain(view(2)), bind('/r/empty', 'ro', 'rbind'));
});

mounts('stacks the parents of an active, nearest first', () => {
  assert.equal(
    plain(active(3, 2, 1)),
    overlay(
      ...own,
      'workdir=/r/snapshots/3/work',
      'upperdir=/r/snapshots/3/fs',
      'lowerdir=/r/snapshots/2/fs:/r/snapshots/1/fs',
    ),
  );
});

mounts('stacks the parents of a view without an upper directory', () => {
  assert.equal(plain(view(3, 2, 1)), overlay(...own, 'lowerdir=/r/snapshots/2/fs:/r/snapshots/1/fs'));
});

mounts('sets userxattr in a user namespace, and index only if the kernel supports it', () => {
  const inNamespace = createOverlayMounts('/r', { ...traits, index: false, userxattr: true }, { remapIds: false });
  assert.equal(inNamespace(view(3, 2, 1))[0]?.options[0], 'userxattr');
});

mounts("adds the operator's options only to overlays, and gives them precedence", () => {
  const mountOptions = ['index=on', 'userxattr', 'volatile', 'redirect_dir=nofollow', 'metacopy=off'];
  const set = createOverlayMounts('/r', { ...traits, userxattr: true }, { remapIds: false, mountOptions });
  assert.equal(set(view(3, 2, 1)), overlay('lowerdir=/r/snapshots/2/fs:/r/snapshots/1/fs', ...mountOptions));
  assert.equal(set(active(1)), bind('/r/snapshots/1/fs', 'rw', 'rbind'));
});

mounts('disables redirect_dir and metacopy unless the operator sets them or the kernel lacks them', () => {
  const chosen = (mountOptions: readonly string[], set = traits) => {
    const [mount] = createOverlayMounts('/r', set, { remapIds: false, mountOptions })(view(3, 2, 1));
    return mount?.options.filter((option) => /^(redirect_dir|metacopy)=/.test(option));
  };
  assert.equal(chosen([]), ['redirect_dir=off']);
  assert.equal(chosen(['redirect_dir=on']), ['metacopy=off', 'redirect_dir=on']);
  assert.equal(chosen(['metacopy=on']), ['metacopy=on']);
  assert.equal(chosen(['metacopy=off']), ['redirect_dir=off', 'metacopy=off']);
  assert.equal(chosen(['userxattr']), ['redirect_dir=nofollow']);
  assert.equal(chosen([], { ...traits, userxattr: true }), ['redirect_dir=nofollow']);
  assert.equal(chosen([], { ...traits, redirectDir: false, metacopy: false }), []);
});

mounts('has only options that the overlay differ of BuildKit recognises', () => {
  const recognised = /^((upperdir|workdir|lowerdir|redirect_dir)=.*|index=off|userxattr)$/;
  for (const set of [traits, { ...traits, userxattr: true }])
    for (const volume of [active(2, 1), active(3, 2, 1), view(4, 2, 1)])
      for (const { options } of createOverlayMounts('/r', set, { remapIds: false })(volume))
        assert.equal(
          options.filter((option) => !recognised.test(option)),
          [],
        );
});

mounts('leaves id mapping to the mount if configured', () => {
  const remapping = createOverlayMounts('/r', traits, { remapIds: true });
  const maps = ['uidmap=0:1000:65536', 'gidmap=0:2000:65536'];
  assert.equal(remapping({ ...active(1), labels: mapping }), bind('/r/snapshots/1/fs', ...maps, 'rw', 'rbind'));
  assert.equal(remapping({ ...view(3, 2, 1), labels: mapping })[0]?.options.slice(0, 2), maps);
  assert.equal(plain({ ...active(1), labels: mapping }), bind('/r/snapshots/1/fs', 'rw', 'rbind'));
});

mounts.run();
