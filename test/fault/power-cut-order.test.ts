import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import * as assert from 'uvu/assert';
import { nativeCalls } from '../../src/adapters/system/native-calls.ts';
import { eventsOf, onDisk, stateOfRoot } from '../support/inspect-store.ts';
import { requireCommand, requireFileSystem, suiteNeeding } from '../support/requirements.ts';
import { createSandbox } from '../support/sandbox.ts';
import type { SnapshotsClient } from '../support/snapshots-client.ts';
import { waitFor } from '../support/wait-for.ts';
import { createDisk, type DiskKind } from '../torture/power-cuts/disk.ts';
import { type DriverUnderTest, driversUnderTest } from './drivers.ts';
import { createServing } from './serving.ts';

// What an event rests on is on the disk before it (ARCHITECTURE.md, "Order of log and disk"): the power is cut right after the
// answer, with nothing else under way that could bring it there.

const disks: readonly (readonly [disk: DiskKind, driver: DriverUnderTest['name']])[] = [
  ['xfs', 'overlay'],
  ['ext4', 'overlay'],
  ['ext4-no-journal', 'overlay'],
  ['btrfs', 'overlay'],
  ['btrfs', 'btrfs'],
];

/** What a layer is filled with, and what must be found of it. */
interface Content {
  write(layer: string): void;
  found(layer: string): readonly unknown[];
}

const { files } = nativeCalls();

const nothing: Content = {
  write: (layer) => {
    chownSync(layer, 70_000, 8);
    chmodSync(layer, 0o6751);
    files.setTimes(Buffer.from(layer), 5n, 1_000_000_000_000_000_007n);
  },
  found: (layer) => {
    const { uid, gid, mode, mtimeNs } = lstatSync(layer, { bigint: true });
    return [uid, gid, mode & 0o7777n, mtimeNs].map(String);
  },
};

const entries: Content = {
  write: (layer) => {
    mkdirSync(`${layer}/a/b`, { recursive: true });
    chownSync(`${layer}/a`, 7, 8);
    symlinkSync('/target', `${layer}/a/link`);
    execFileSync('mknod', [`${layer}/a/whiteout`, 'c', '0', '0']);
  },
  found: (layer) => [
    lstatSync(`${layer}/a`).uid,
    lstatSync(`${layer}/a/b`).isDirectory(),
    readlinkSync(`${layer}/a/link`),
    lstatSync(`${layer}/a/whiteout`).isCharacterDevice(),
  ],
};

const linked: Content = {
  write: (layer) => {
    writeFileSync(`${layer}/one`, 'x'.repeat(100_000));
    linkSync(`${layer}/one`, `${layer}/two`);
  },
  found: (layer) => [lstatSync(`${layer}/one`).nlink, readFileSync(`${layer}/two`, 'utf8') === 'x'.repeat(100_000)],
};

/** In the order of their commits: each rests on no later one, so that only what its own commit did can keep it. */
const contents: Readonly<Record<string, Content>> = { linked, entries, nothing };

for (const [kind, name] of disks) {
  const driver = driversUnderTest.find((one) => one.name === name);
  if (driver === undefined) throw new TypeError(`no driver ${name}`);
  const needs = [
    requireFileSystem(kind === 'btrfs' ? 'btrfs' : 'ext4'),
    requireFileSystem('xfs'),
    requireCommand('xfs_io'),
    ...driver.needs,
  ];
  const test = suiteNeeding(`power cut right after an answer, ${name} on ${kind}`, ...needs);

  const commit = async (client: SnapshotsClient, root: string, layer: string, content: Content) => {
    const upper = await driver.upper(root, await client.prepare(`${layer} active`));
    content.write(upper);
    const found = content.found(upper);
    await client.commit(layer, `${layer} active`);
    return found;
  };

  test('keeps layers, purges and, after an orderly shutdown, actives', async () => {
    const sandbox = createSandbox('order');
    try {
      const disk = createDisk(sandbox, kind);
      const { root } = disk;
      const serving = createServing(sandbox, { driver: name, root });
      /** Serves, acts, cuts the power. */
      const served = async (end: 'cut' | 'stop', action: (client: SnapshotsClient) => Promise<void>) => {
        const daemon = await serving.start();
        await action(serving.connect());
        if (end === 'stop') await daemon.stop();
        else process.kill(daemon.pid, 'SIGSTOP');
        disk.cut?.(false);
        await daemon.kill();
        await disk.restore?.();
        serving.reboot();
      };
      const expectLayers = async (expected: ReadonlyMap<string, readonly unknown[]>) => {
        const { index } = await stateOfRoot(root);
        for (const [layer, written] of expected) {
          const snapshot = index.get(layer);
          assert.ok(snapshot, `${layer} is lost`);
          assert.equal(contents[layer]?.found(driver.layer(root, snapshot)), written, layer);
        }
      };
      const written = new Map<string, readonly unknown[]>();
      await served('cut', async (client) => {
        for (const [layer, content] of Object.entries(contents))
          written.set(layer, await commit(client, root, layer, content));
      });
      await served('cut', async (client) => {
        await expectLayers(written);
        await client.prepare('child', { parent: 'nothing' });
        await client.remove('linked');
        await waitFor(
          'the purge to be recorded',
          async () => (await stateOfRoot(root)).volumes.pendingPurge.size === 0,
        );
      });
      written.delete('linked');
      await served('stop', async (client) => {
        await client.cleanup();
        // In a new snapshot, under the key of the one that was removed.
        await client.prepare('linked');
        await expectLayers(written);
      });
      await served('cut', async (client) => {
        await expectLayers(written);
        for (const key of ['child', 'linked'])
          assert.ok(lstatSync(await driver.upper(root, await client.mounts(key))).isDirectory());
        const ids = [...(await stateOfRoot(root)).index.values()].map(({ id }) => String(id));
        assert.equal(onDisk(root), { snapshots: ids.sort(), quarantine: [] });
      });
      assert.not((await eventsOf(root)).includes('VolumeLost'));
    } finally {
      await sandbox.close();
    }
  });

  test.run();
}
