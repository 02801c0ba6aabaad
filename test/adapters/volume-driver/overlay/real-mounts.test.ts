import { chownSync, lstatSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { tryMount } from '../../../../src/adapters/system/commands.ts';
import { createSystem } from '../../../../src/adapters/system/system.ts';
import { createOverlayDriver } from '../../../../src/adapters/volume-driver/overlay/overlay-driver.ts';
import type { OverlayOptions } from '../../../../src/adapters/volume-driver/overlay/overlay-mounts.ts';
import type { Volume, VolumeDriver } from '../../../../src/ports/volume-driver.ts';
import { active, view } from '../../../contract/volume-driver.contract.ts';
import { insideMount } from '../../../support/inside-mount.ts';
import { requireCommand, requireFileSystem, suiteNeeding } from '../../../support/requirements.ts';
import { createSandbox } from '../../../support/sandbox.ts';

const mounted = suiteNeeding('overlay driver, real mounts', requireFileSystem('overlay'), requireCommand('setpriv'));

interface Fixture {
  readonly root: string;
  readonly driver: VolumeDriver;
  /** runs a script in the volume's mount */
  inside(volume: Volume, script: string): Promise<string>;
  layer(id: number): string;
}

async function withDriver(action: (place: Fixture) => Promise<void>, options: OverlayOptions = {}, name = 'root') {
  const sandbox = createSandbox('mounted');
  const root = `${sandbox.path}/${name}`;
  const driver = await createOverlayDriver({ root, system: createSystem(), tryMount, options });
  const inside = async (volume: Volume, script: string) => {
    const [mount] = await driver.mounts(volume);
    if (mount === undefined) throw new Error('no mount');
    return insideMount(mount, script, `${root}/snapshots`);
  };
  try {
    await action({ root, driver, inside, layer: (id) => `${root}/snapshots/${id}/fs` });
  } finally {
    await driver.close();
    await sandbox.close();
  }
}

const bottomUp = (id: number): Volume => active(id, ...Array.from({ length: id - 1 }, (_, index) => id - 1 - index));

mounted('stacks what a child writes on its parents', () =>
  withDriver(async ({ driver, inside, layer }) => {
    await driver.create(active(1));
    await inside(active(1), 'echo base > a; echo base > b; mkdir d; echo base > d/e');
    await driver.create(active(2, 1));
    await inside(active(2, 1), 'echo changed > a; rm b; rm -r d; mkdir d; echo new > c');
    await driver.create(active(3, 2, 1));
    assert.is(await inside(active(3, 2, 1), 'ls; cat a c; ls -A d'), 'a\nc\nd\nchanged\nnew\n');
    assert.is(await inside(view(4, 2, 1), 'ls; cat a c'), 'a\nc\nd\nchanged\nnew\n');
    assert.is(await inside(view(5, 1), 'ls; cat a d/e'), 'a\nb\nd\nbase\nbase\n');
    assert.is(readFileSync(`${layer(1)}/a`, 'utf8'), 'base\n');
    assert.ok(lstatSync(`${layer(2)}/b`).isCharacterDevice());
  }),
);

mounted('makes a view read-only', () =>
  withDriver(async ({ driver, inside }) => {
    await driver.create(active(1));
    await driver.create(active(2, 1));
    for (const look of [view(3), view(4, 1), view(5, 2, 1)])
      assert.match(await inside(look, 'touch x 2>&1 || true'), 'Read-only file system', `view ${look.id}`);
    assert.is(await inside(view(3), 'ls -A'), '');
  }),
);

mounted('mounts 128 parents', () =>
  withDriver(async ({ driver, inside }) => {
    for (let id = 1; id <= 129; id++) {
      await driver.create(bottomUp(id));
      if (id % 32 === 1) await inside(active(id), `echo ${id} > file-${id}`);
    }
    const files = await inside(bottomUp(129), 'ls; echo top > file-129; cat file-1 file-129');
    assert.is(files, 'file-1\nfile-129\nfile-33\nfile-65\nfile-97\n1\ntop\n');
  }),
);

mounted('keeps whole files under their own names, whatever the kernel defaults', async () => {
  const parameters = ['redirect_dir', 'metacopy'].map((name) => `/sys/module/overlay/parameters/${name}`);
  const before = parameters.map((file) => readFileSync(file, 'utf8'));
  for (const file of parameters) writeFileSync(file, 'Y');
  try {
    await withDriver(async ({ driver, inside, layer }) => {
      await driver.create(active(1));
      await inside(active(1), 'mkdir -p dir/inner; echo whole > dir/inner/file; echo whole > owned');
      await driver.create(active(2, 1));
      await inside(active(2, 1), 'chown 5 owned; mv dir/inner moved');
      assert.is(readFileSync(`${layer(2)}/owned`, 'utf8'), 'whole\n');
      assert.is(readFileSync(`${layer(2)}/moved/file`, 'utf8'), 'whole\n');
      assert.is(await inside(view(3, 2, 1), 'cat owned moved/file'), 'whole\nwhole\n');
    });
  } finally {
    for (const [at, file] of parameters.entries()) writeFileSync(file, before[at] ?? '');
  }
});

mounted("mounts with the operator's options", async () => {
  for (const mountOptions of [['redirect_dir=on'], ['metacopy=on'], ['userxattr'], ['metacopy=on', 'redirect_dir=on']])
    await withDriver(
      async ({ driver, inside }) => {
        await driver.create(active(1));
        await driver.create(active(2, 1));
        assert.is(await inside(active(2, 1), 'echo x > a; cat a'), 'x\n', String(mountOptions));
      },
      { mountOptions },
    );
});

mounted('lets an unprivileged process run its content, whatever the umask', async () => {
  const before = process.umask(0o077);
  try {
    await withDriver(async ({ root, driver, inside }) => {
      await driver.create(active(1));
      await inside(active(1), 'umask 022; cp /bin/true program; chmod 755 program');
      await driver.create(active(2, 1));
      for (const volume of [active(1), active(2, 1), view(3, 1)])
        assert.is(await inside(volume, asUser), 'ran\n', `${volume.kind} ${volume.id}`);
      assert.is(await inside(view(4), 'setpriv --reuid 1000 --clear-groups ls -A . && echo ran'), 'ran\n');
      const modes = ['', '/snapshots', '/snapshots/2', '/snapshots/2/fs', '/snapshots/2/work', '/empty', '/quarantine'];
      assert.equal(
        modes.map((path) => (lstatSync(root + path).mode & 0o7777).toString(8)),
        ['700', '700', '700', '755', '711', '755', '700'],
      );
    });
  } finally {
    process.umask(before);
  }
});

/** The mount is below a directory only for root, so it is reached by the working directory, as in a container. */
const asUser = 'setpriv --reuid 1000 --clear-groups ./program && echo ran';

mounted('has the owner of its parent', () =>
  withDriver(async ({ driver, inside, layer }) => {
    await driver.create(active(1));
    chownSync(layer(1), 1234, 567);
    await driver.create(active(2, 1));
    assert.is(await inside(active(2, 1), 'stat -c %u:%g .'), '1234:567\n');
    await driver.create(active(3, 2, 1));
    assert.is(lstatSync(layer(3)).uid, 1234);
  }),
);

mounted('keeps the owner and mode that a user set on a layer', () =>
  withDriver(async ({ driver, inside, layer }) => {
    await driver.create(active(1));
    await driver.create(active(2, 1));
    await inside(active(2, 1), 'chown 5:6 .; chmod 700 .');
    await driver.create(active(2, 1));
    const { uid, gid, mode } = lstatSync(layer(2));
    assert.equal([uid, gid, mode & 0o777], [5, 6, 0o700]);
  }),
);

mounted('can be mounted again after a commit, as parent and as sibling', () =>
  withDriver(async ({ root, driver, inside }) => {
    await driver.create(active(1));
    await driver.create(active(2, 1));
    await inside(active(2, 1), 'echo two > file');
    assert.is(lstatSync(`${root}/snapshots/2/work/work`).mode & 0o777, 0);
    await driver.flush(active(2, 1));
    await driver.freeze(active(2, 1));
    await driver.dropActive({ ...active(2, 1), kind: 'committed' });
    await driver.create(active(3, 2, 1));
    assert.is(await inside(active(3, 2, 1), 'cat file; echo three >> file; cat file'), 'two\ntwo\nthree\n');
    await driver.purge(3);
    assert.is(await inside(view(4, 2, 1), 'cat file'), 'two\n');
    await driver.purge(2);
    assert.is(lstatSync(`${root}/snapshots/2`, { throwIfNoEntry: false }), undefined);
  }),
);

mounted('purges what the kernel left in the work directory', () =>
  withDriver(async ({ root, driver, inside }) => {
    await driver.create(active(1));
    await driver.create(active(2, 1));
    await inside(active(2, 1), 'mkdir a; echo x > a/b');
    assert.ok((await driver.purge(2)) > 0);
    assert.is(lstatSync(`${root}/snapshots/2`, { throwIfNoEntry: false }), undefined);
  }),
);

mounted('accepts a root with spaces and quotes in its path', () =>
  withDriver(
    async ({ driver, inside }) => {
      await driver.create(active(1));
      await driver.create(active(2, 1));
      assert.is(await inside(active(2, 1), 'echo x > y; cat y'), 'x\n');
    },
    {},
    'a root "with" it\'s own = name',
  ),
);

mounted('mounts with the added options of the operator', () =>
  withDriver(
    async ({ driver, inside }) => {
      await driver.create(active(1));
      await driver.create(active(2, 1));
      const line = await inside(active(2, 1), "grep ' /.*snapledger-inside' /proc/self/mounts | grep ^overlay");
      assert.match(line, 'volatile');
    },
    { mountOptions: ['volatile'] },
  ),
);

mounted('counts whiteouts and hard links once, and follows no symbolic link', () =>
  withDriver(async ({ root, driver, inside }) => {
    mkdirSync(`${root}/outside`);
    writeFileSync(`${root}/outside/big`, Buffer.alloc(1 << 20));
    await driver.create(active(1));
    await inside(active(1), 'touch a b c');
    await driver.create(active(2, 1));
    await inside(active(2, 1), `rm a b; head -c 8192 /dev/zero > f; ln f g; mkdir d; ln -s ${root}/outside d/link`);
    const { bytes, inodes } = await driver.usage(active(2, 1));
    const own = ['', '/f', '/d', '/d/link', '/a'].map((path) => lstatSync(`${root}/snapshots/2/fs${path}`));
    const whiteouts = new Set(['/a', '/b'].map((path) => lstatSync(`${root}/snapshots/2/fs${path}`).ino)).size;
    assert.is(inodes, 4 + whiteouts);
    assert.is(
      bytes,
      own.reduce((sum, { blocks }) => sum + blocks * 512, 0),
    );
  }),
);

mounted.run();
