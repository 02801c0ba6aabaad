import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import { askDaemon } from '../../src/cli/ask-daemon.ts';
import { snapledgerRun } from '../cli/process.ts';
import { createLoop, type Loop } from '../support/loop.ts';
import { suiteNeeding } from '../support/requirements.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';
import { codeOf } from '../support/snapshots-client.ts';
import { waitFor } from '../support/wait-for.ts';
import { type DriverUnderTest, driversUnderTest } from './drivers.ts';
import { createServing } from './serving.ts';

/** How a root becomes another one, and comes back. */
interface Way {
  readonly name: string;
  away(place: { root: string; loop: Loop; other: Loop }): void;
  back(place: { root: string; loop: Loop; other: Loop }): void;
  /** what /readyz says */
  readonly reason: RegExp;
}

const mount = (...args: readonly string[]) => void execFileSync('mount', args);
const umount = (...args: readonly string[]) => void execFileSync('umount', args);

const ways: readonly Way[] = [
  {
    name: 'another disk is mounted over its root',
    away: ({ root, other }) => mount(other.device, root),
    back: ({ root }) => umount(root),
    reason: /not the directory/,
  },
  {
    name: 'an empty disk is mounted over its snapshots',
    away: ({ root }) => mount('-t', 'tmpfs', 'tmpfs', join(root, 'snapshots')),
    back: ({ root }) => umount(join(root, 'snapshots')),
    reason: /snapshots: is not the directory/,
  },
  {
    name: 'an empty disk is mounted over its log',
    away: ({ root }) => mount('-t', 'tmpfs', 'tmpfs', join(root, 'log')),
    back: ({ root }) => umount(join(root, 'log')),
    reason: /log: is not the directory/,
  },
  {
    name: 'its disk is unmounted',
    away: ({ loop }) => umount('--lazy', loop.path),
    back: ({ loop }) => mount(loop.device, loop.path),
    reason: /root: does not exist any more/,
  },
  {
    name: 'its root is moved',
    away: ({ root }) => renameSync(root, `${root}-moved`),
    back: ({ root }) => renameSync(`${root}-moved`, root),
    reason: /root: does not exist any more/,
  },
  {
    name: 'its snapshots are replaced by copies',
    away: ({ root }) => {
      renameSync(join(root, 'snapshots'), join(root, 'moved'));
      mkdirSync(join(root, 'snapshots'));
    },
    back: ({ root }) => {
      rmdirSync(join(root, 'snapshots'));
      renameSync(join(root, 'moved'), join(root, 'snapshots'));
    },
    reason: /snapshots: is not the directory/,
  },
  {
    name: 'its root becomes read-only',
    away: ({ root }) => {
      mount('--bind', root, root);
      mount('-o', 'remount,bind,ro', root);
    },
    back: ({ root }) => umount(root),
    reason: /EROFS|[Rr]ead-only/,
  },
];

/** All names below a directory. */
const namesIn = (path: string): readonly string[] =>
  existsSync(path) ? (readdirSync(path, { recursive: true }) as string[]).sort() : [];

const inSandbox = (work: (sandbox: Sandbox) => Promise<void>) => async () => {
  const sandbox = createSandbox('changed');
  try {
    await work(sandbox);
  } finally {
    await sandbox.close();
  }
};

function on(driver: DriverUnderTest): void {
  const type = driver.name === 'btrfs' ? 'btrfs' : 'ext4';
  const test = suiteNeeding(`a daemon on ${driver.name} whose root changes`, ...driver.needs);

  for (const way of ways)
    test(
      `refuses every change while ${way.name}, and goes on when that is over`,
      inSandbox(async (sandbox) => {
        const loop = createLoop(type, { megabytes: 256 });
        sandbox.atEnd(loop.end);
        const other = createLoop(type, { megabytes: 256 });
        sandbox.atEnd(other.end);
        const root = join(loop.path, 'root');
        const place = { root, loop, other };
        const serving = createServing(sandbox, { driver: driver.name, root, retention: 'keep = "1h"' });
        const daemon = await serving.start();
        const client = serving.connect();
        const http = join(sandbox.path, 's.http.sock');
        const ready = async () => (await askDaemon(http, 'GET', '/readyz'))?.status;
        await client.prepare('a');
        await client.commit('A', 'a');
        await client.prepare('b', { parent: 'A' });
        await client.prepare('c', { parent: 'A' });
        await client.commit('C', 'c', {});
        await client.remove('C');
        // The other disk has another store, whose volumes have the same ids.
        cpSync(join(root, 'log'), join(other.path, 'log'), { recursive: true });
        for (const id of [1, 2, 3, 4]) {
          mkdirSync(join(other.path, 'snapshots', String(id), 'fs'), { recursive: true });
          writeFileSync(join(other.path, 'snapshots', String(id), 'fs', 'precious'), '');
        }
        const foreign = namesIn(other.path);
        const list = await client.list();

        way.away(place);
        let away = true;
        sandbox.atEnd(() => {
          if (away) way.back(place);
        });
        const found = namesIn(root);
        const answer = await askDaemon(http, 'GET', '/readyz');
        assert.is(answer?.status, 503);
        assert.match(answer?.body ?? '', way.reason);
        const changes: readonly Promise<unknown>[] = [
          client.prepare('d'),
          client.view('e', { parent: 'A' }),
          client.commit('B', 'b'),
          client.remove('b'),
          client.update('A', { x: '1' }),
          client.mounts('b'),
          client.cleanup(),
        ];
        assert.equal(
          await Promise.all(changes.map(codeOf)),
          changes.map(() => 'UNAVAILABLE'),
        );
        assert.equal(await client.list(), list);
        assert.is((await client.stat('A')).name, 'A');
        const reconciled = await askDaemon(http, 'POST', '/reconcile');
        assert.ok((reconciled?.status ?? 0) >= 500, reconciled?.body);
        assert.ok(((await askDaemon(http, 'GET', '/log'))?.status ?? 0) >= 500);
        assert.match((await askDaemon(http, 'GET', '/metrics'))?.body ?? '', /^snapledger_ready 0$/m);
        await waitFor('the daemon to report it by itself', () => daemon.log().includes('changes are refused'));
        // Longer than retention, purges and retries take to look again.
        await sleep(1_500);
        assert.equal(namesIn(root), found);
        assert.equal(namesIn(other.path), foreign);

        way.back(place);
        away = false;
        await waitFor('the daemon to continue by itself', async () => (await ready()) === 200);
        assert.equal(await client.list(), list);
        await client.prepare('d', { parent: 'A' });
        await client.commit('B', 'b');
        await client.remove('d');
        await client.cleanup();
        await waitFor('the health to be reported', () => daemon.log().includes('changes are accepted again'));
        const lost = await snapledgerRun('log', '--root', root, '--json', '--type', 'VolumeLost');
        assert.is(lost.stdout, '');
        await daemon.stop();
        const verified = await snapledgerRun('verify', '--root', root);
        assert.is(verified.status, 0, verified.stdout + verified.stderr);
        const log = readFileSync(join(sandbox.path, 'daemon.log'), 'utf8');
        assert.not.match(log, 'closing not recorded');
      }),
    );

  test(
    'stops in order while its root is another, writes nothing there, and starts again on the right one',
    inSandbox(async (sandbox) => {
      const loop = createLoop(type, { megabytes: 256 });
      sandbox.atEnd(loop.end);
      const serving = createServing(sandbox, { driver: driver.name, root: loop.path });
      const daemon = await serving.start();
      const client = serving.connect();
      await client.prepare('a');
      await client.commit('A', 'a');
      client.close();
      mount('-t', 'tmpfs', 'tmpfs', loop.path);
      try {
        await daemon.stop();
        assert.equal(readdirSync(loop.path), []);
      } finally {
        umount(loop.path);
      }
      const again = await serving.start();
      const { length } = await serving.connect().list();
      assert.is(length, 1);
      await again.stop();
    }),
  );

  test.run();
}

for (const driver of driversUnderTest) on(driver);
