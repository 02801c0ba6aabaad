import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import * as assert from 'uvu/assert';
import { nativeCalls } from '../../../../src/adapters/system/native-calls.ts';
import { createSystem } from '../../../../src/adapters/system/system.ts';
import { createOverlayDriver } from '../../../../src/adapters/volume-driver/overlay/overlay-driver.ts';
import type { LayerWork } from '../../../../src/adapters/volume-driver/shared/layers/layer-work.ts';
import { cleanLayer } from '../../../../src/adapters/volume-driver/shared/layers/merge-layer.ts';
import { type Failpoint, type Step, steps } from '../../../../src/ports/failpoints.ts';
import type { VolumeDriver } from '../../../../src/ports/volume-driver.ts';
import { active, idsOf, only, rejectsWith } from '../../../contract/volume-driver.contract.ts';
import { createLoop } from '../../../support/loop.ts';
import { requireCommand, requireFileSystem, requireRoot, suiteNeeding } from '../../../support/requirements.ts';
import { createSandbox } from '../../../support/sandbox.ts';

type Open = (failpoint?: Failpoint) => Promise<VolumeDriver>;

/** Opens drivers on one root, as consecutive daemons would. */
async function onRoot(action: (open: Open, root: string) => Promise<void>): Promise<void> {
  const sandbox = createSandbox('crashes');
  const root = sandbox.folder('root');
  const open: Open = async (failpoint) => {
    const driver = await createOverlayDriver({ root, system: createSystem(), ...(failpoint && { failpoint }) });
    sandbox.atEnd(() => driver.close());
    return driver;
  };
  try {
    await action(open, root);
  } finally {
    await sandbox.close();
  }
}

const failingAt =
  (step: Step): Failpoint =>
  (reached) => {
    if (reached === step) throw new Error(`no further than ${step}`);
  };

const crash = suiteNeeding('overlay driver, interrupted', requireRoot());

for (const step of steps.filter((name) => name.startsWith('overlay.create')))
  crash(`completes a volume interrupted at ${step}`, () =>
    onRoot(async (open, root) => {
      await rejectsWith(async () => (await open(failingAt(step))).create(active(1)), 'io');
      const driver = await open();
      for (const found of await driver.scan()) {
        assert.not(found.complete);
        assert.ok(await driver.isPristine(found));
      }
      await driver.create(active(1));
      assert.ok(only(await driver.scan()).complete);
      const modes = ['', '/fs', '/work'].map((part) => lstatSync(`${root}/snapshots/1${part}`).mode & 0o7777);
      assert.equal(modes, [0o700, 0o755, 0o711]);
    }),
  );

crash('changes nothing if a purge fails to start, which can be repeated', () =>
  onRoot(async (open) => {
    const driver = await open(failingAt('overlay.purge'));
    await driver.create(active(1));
    await rejectsWith(() => driver.purge(1), 'io');
    assert.ok(only(await driver.scan()).complete);
    const next = await open();
    await next.purge(1);
    assert.equal(await idsOf(next), []);
  }),
);

crash('creates missing directories of the root at the next start', () =>
  onRoot(async (open, root) => {
    await open();
    for (const name of ['snapshots', 'empty', 'quarantine']) rmSync(`${root}/${name}`, { recursive: true });
    assert.equal(await (await open()).scan(), []);
  }),
);

crash.run();

const astray = suiteNeeding('overlay driver, unexpected entries', requireRoot());

/** A directory outside the volumes, the target of symbolic links. */
function preciousIn(root: string): string {
  mkdirSync(`${root}/precious`);
  writeFileSync(`${root}/precious/file`, 'precious');
  return `${root}/precious`;
}

astray('follows no symbolic link in place of a volume', () =>
  onRoot(async (open, root) => {
    const driver = await open();
    const precious = preciousIn(root);
    const { mode } = lstatSync(precious);
    symlinkSync(precious, `${root}/snapshots/5`);
    await rejectsWith(() => driver.create(active(5)), 'misuse');
    const found = only(await driver.scan());
    assert.equal([found.id, found.complete], [null, false]);
    assert.not(await driver.isPristine(found));
    await driver.purge(5);
    assert.equal(readdirSync(precious), ['file']);
    assert.is(lstatSync(precious).mode, mode);
  }),
);

astray('follows no symbolic link in place of a layer', () =>
  onRoot(async (open, root) => {
    const driver = await open();
    const precious = preciousIn(root);
    mkdirSync(`${root}/snapshots/5`);
    symlinkSync(precious, `${root}/snapshots/5/fs`);
    await rejectsWith(() => driver.create(active(5)), 'misuse');
    await rejectsWith(() => driver.create(active(6, 5)), 'io');
    await rejectsWith(() => driver.usage(active(5)), 'io');
    await rejectsWith(() => driver.flush(active(5)), 'io');
    const found = only(await driver.scan());
    assert.not(found.layer);
    assert.not(await driver.isPristine(found));
    await driver.discard(found);
    assert.equal(readdirSync(precious), ['file']);
  }),
);

astray('changes only entries of snapshots/', () =>
  onRoot(async (open, root) => {
    const driver = await open();
    preciousIn(root);
    for (const path of ['precious', 'snapshots', 'snapshots/', 'snapshots/..', 'snapshots/../precious', '/etc']) {
      const found = { path, id: null, layer: false, complete: false, frozen: false, writable: false };
      await rejectsWith(() => driver.discard(found), 'misuse');
      await rejectsWith(() => driver.quarantine(found, 'aside'), 'misuse');
    }
    assert.equal(readdirSync(`${root}/precious`), ['file']);
  }),
);

astray('counts a volume with foreign files as written', () =>
  onRoot(async (open, root) => {
    const driver = await open();
    await driver.create(active(1));
    writeFileSync(`${root}/snapshots/1/note`, '');
    assert.not(await driver.isPristine(only(await driver.scan())));
  }),
);

astray.run();

for (const type of ['ext4', 'xfs'] as const) {
  const cut = suiteNeeding(
    `overlay driver, power cut on ${type}`,
    requireFileSystem(type),
    requireCommand(`mkfs.${type}`),
    requireCommand('xfs_io'),
  );

  cut('keeps everything written before the flush', async () => {
    const loop = createLoop(type);
    try {
      const driver = await createOverlayDriver({ root: `${loop.path}/root`, system: createSystem() });
      const ids = [1, 2, 3];
      const file = (id: number) => `${loop.path}/root/snapshots/${id}/fs/a/file`;
      await Promise.all(ids.map((id) => driver.create(active(id))));
      for (const id of ids) {
        mkdirSync(`${loop.path}/root/snapshots/${id}/fs/a`);
        writeFileSync(file(id), Buffer.alloc(1 << 20, `${id}`));
      }
      await Promise.all(ids.map((id) => driver.flush(active(id))));
      loop.cutPower();
      await driver.close();
      loop.unmount();
      loop.mount();
      for (const id of ids) assert.ok(readFileSync(file(id)).equals(Buffer.alloc(1 << 20, `${id}`)));
    } finally {
      loop.end();
    }
  });

  cut('keeps a flushed layer without files, with owners, modes, links and devices', async () => {
    const loop = createLoop(type);
    try {
      const driver = await createOverlayDriver({ root: `${loop.path}/root`, system: createSystem() });
      const layer = (id: number) => `${loop.path}/root/snapshots/${id}/fs`;
      for (const id of [2, 1]) {
        await driver.create(active(id));
        chmodSync(layer(id), 0o1777);
        chownSync(layer(id), 7, 8);
        if (id === 2) {
          mkdirSync(`${layer(id)}/a/b`, { recursive: true });
          symlinkSync('/target', `${layer(id)}/a/link`);
          execFileSync('mknod', [`${layer(id)}/a/whiteout`, 'c', '0', '0']);
          writeFileSync(`${layer(id)}/a/empty`, '');
          linkSync(`${layer(id)}/a/empty`, `${layer(id)}/a/b/linked`);
          renameSync(`${layer(id)}/a/b`, `${layer(id)}/a/c`);
        }
        await driver.flush(active(id));
      }
      loop.cutPower();
      await driver.close();
      loop.unmount();
      loop.mount();
      for (const id of [1, 2]) {
        const { mode, uid, gid } = lstatSync(layer(id));
        assert.equal([mode & 0o7777, uid, gid], [0o1777, 7, 8]);
      }
      assert.is(readlinkSync(`${layer(2)}/a/link`), '/target');
      assert.ok(lstatSync(`${layer(2)}/a/whiteout`).isCharacterDevice());
      assert.is(lstatSync(`${layer(2)}/a/c/linked`).nlink, 2);
    } finally {
      loop.end();
    }
  });

  cut('keeps what was created, purged and set aside before metadata was flushed', async () => {
    const loop = createLoop(type);
    try {
      const root = `${loop.path}/root`;
      const driver = await createOverlayDriver({ root, system: createSystem() });
      for (const id of [1, 2]) await driver.create(active(id));
      await driver.syncMetadata();
      await driver.create(active(3));
      await driver.purge(1);
      const second = (await driver.scan()).find(({ id }) => id === 2);
      if (second !== undefined) await driver.quarantine(second, 'aside');
      await Promise.all([driver.syncMetadata(), driver.syncMetadata()]);
      loop.cutPower();
      await driver.close();
      loop.unmount();
      loop.mount();
      const next = await createOverlayDriver({ root, system: createSystem() });
      const found = await next.scan();
      assert.equal(
        found.map(({ id, complete }) => [id, complete]),
        [[3, true]],
      );
      assert.equal(readdirSync(`${root}/quarantine`), ['aside']);
      await next.close();
    } finally {
      loop.end();
    }
  });

  cut('keeps a base layer of whiteouts only as its freeze has cleaned it', async () => {
    const loop = createLoop(type);
    const { files } = nativeCalls();
    const layers: LayerWork = {
      start: () => {},
      merge: async () => {},
      copy: async () => {},
      clean: async (layer) => cleanLayer(files, layer),
      close: async () => {},
    };
    try {
      const driver = await createOverlayDriver({ root: `${loop.path}/root`, system: createSystem(), files, layers });
      const layer = `${loop.path}/root/snapshots/1/fs`;
      const volume = { ...active(1), labels: { 'containerd.io/snapshot.ref': 'sha256:a' } };
      await driver.create(volume);
      execFileSync('mknod', [`${layer}/whiteout`, 'c', '0', '0']);
      await driver.flush(volume);
      await driver.freeze(volume);
      loop.cutPower();
      await driver.close();
      loop.unmount();
      loop.mount();
      assert.equal(readdirSync(layer), []);
    } finally {
      loop.end();
    }
  });

  cut('reports a flush that did not reach the disk', async () => {
    const loop = createLoop(type);
    try {
      const driver = await createOverlayDriver({ root: `${loop.path}/root`, system: createSystem() });
      await driver.create(active(1));
      writeFileSync(`${loop.path}/root/snapshots/1/fs/file`, 'lost');
      loop.cutPower();
      await rejectsWith(() => driver.flush(active(1)), 'io');
      await driver.close();
    } finally {
      loop.end();
    }
  });

  cut.run();
}
