import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'uvu';
import * as assert from 'uvu/assert';
import { steps } from '../../src/ports/failpoints.ts';
import { insideMount } from '../support/inside-mount.ts';
import { onDisk, verified } from '../support/inspect-store.ts';
import { createLoop, type Loop, type LoopType } from '../support/loop.ts';
import { requireCommand, requireFileSystem, suiteNeeding } from '../support/requirements.ts';
import { layerLabels } from '../support/sample-events.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';
import { CallFailure, type SnapshotsClient } from '../support/snapshots-client.ts';
import { waitFor } from '../support/wait-for.ts';
import { collectGarbage } from './collect-garbage.ts';
import { createServing, type Serving } from './serving.ts';

const overlay = { driver: 'overlay', settings: '[overlay]\nstage_layers = true', retention: 'min_free = "0%"' };
const asked = layerLabels('b', 'd', 'a');
const again = layerLabels('c', 'd', 'e');
const shell = (directory: string, script: string) =>
  execFileSync('bash', ['-c', script], { cwd: directory, encoding: 'utf8' });
const contentOf = (root: string, id: number) => join(root, 'snapshots', String(id), 'fs');

/** What a layer may hold: a whiteout, an opaque directory, and a file whose data is worth sharing. */
const fill = `
  head -c 20971520 /dev/urandom > big; ln big second; mkdir -p a/b; chmod 701 a; chown 7:8 a/b
  mknod gone c 0 0; mkdir new; setfattr -n trusted.overlay.opaque -v y new; ln -s nowhere link; touch -d @1 a`;
const shown = `find . -printf '%p %y %m %U:%G %T@ %n %l\\n' | sort; sha256sum big second; stat -c %t:%T gone; getfattr -d -m - new`;

/** Unpacks layers 1 and 2 as bases, and 3 on the first as containerd does in parallel: without a parent until the commit. */
async function unpack(client: SnapshotsClient, root: string, script = fill): Promise<void> {
  for (const [id, digit] of [
    [1, 'a'],
    [2, 'e'],
  ] as const) {
    const labels = layerLabels(digit, digit);
    await client.prepare(`default/${id}/extract`, { labels });
    shell(contentOf(root, id), `echo ${digit} > gone; echo ${digit} > kept`);
    await client.commit(`default/1${id}/${digit}`, `default/${id}/extract`, { labels });
  }
  await client.prepare('default/3/extract', { labels: asked });
  shell(contentOf(root, 3), script);
  await client.commit('default/13/b', 'default/3/extract', { labels: asked, parent: 'default/11/a' });
}

/** The next parallel pull asks for the same content on the other base. */
const ask = (client: SnapshotsClient, key = 'default/4/extract') => client.prepare(key, { labels: again });

interface Context {
  sandbox: Sandbox;
  loop: Loop;
  serving: Serving;
}

function disk(type: LoopType, register: (test: Test<Context>) => void): void {
  const needs = [requireFileSystem(type), requireFileSystem('overlay'), requireCommand(`mkfs.${type}`)];
  const test = suiteNeeding<Context>(`staged layers on ${type}, overlay`, ...needs);
  test.before.each((context) => {
    context.sandbox = createSandbox('staging');
    context.loop = createLoop(type, { megabytes: 512 });
    context.sandbox.atEnd(context.loop.end);
    context.serving = createServing(context.sandbox, { ...overlay, root: join(context.loop.path, 'root') });
  });
  test.after.each(({ sandbox }) => sandbox.close());
  register(test);
  test.run();
}

/** Bytes in use, when everything is on the disk. */
function usedOn(path: string): number {
  execFileSync('sync', ['-f', path]);
  const { blocks, bfree, bsize } = statfsSync(path);
  return (blocks - bfree) * bsize;
}

const leftIn = (root: string) => (existsSync(join(root, 'staging')) ? readdirSync(join(root, 'staging')) : []);

for (const type of ['xfs', 'btrfs'] as const)
  disk(type, (test) => {
    test('the same content on another parent is a copy that shares its data, as containerd 2.4 asks', async ({
      serving,
      loop,
    }) => {
      const { root } = serving;
      const daemon = await serving.start();
      const client = serving.connect();
      await unpack(client, root);
      const before = usedOn(loop.path);
      const [mount] = await ask(client);
      assert.equal(
        [mount?.options.includes('ro'), mount?.options.some((one) => one.startsWith('upperdir'))],
        [true, false],
      );
      assert.ok(usedOn(loop.path) - before < 8 << 20, `${usedOn(loop.path) - before} bytes more`);
      assert.is(shell(contentOf(root, 4), shown), shell(contentOf(root, 3), shown));
      await client.commit('default/14/c', 'default/4/extract', { labels: again, parent: 'default/12/e' });
      const [view] = await client.view('default/15/run', { parent: 'default/14/c' });
      if (view === undefined) throw new Error('no mount');
      assert.is(
        await insideMount(view, 'cat kept; ls gone 2>&1 || true; cmp big second && echo same'),
        "e\nls: cannot access 'gone': No such file or directory\nsame\n",
      );
      await client.remove('default/15/run');
      await client.remove('default/14/c');
      await daemon.stop();
      assert.equal(leftIn(root), []);
      assert.is((await verified(root)).status, 0);
    });
  });

/** After a restart the same is staged under another key, nothing is left beside it, and everything can be removed. */
async function restarted(serving: Serving): Promise<void> {
  const { root } = serving;
  const daemon = await serving.start();
  const client = serving.connect();
  assert.equal(leftIn(root), []);
  // The client that got no answer finds nothing that it could commit, empty, under a layer's name.
  const unanswered = await client
    .commit('default/14/c', 'default/4/extract', { labels: again, parent: 'default/12/e' })
    .catch((error) => error);
  assert.instance(unanswered, CallFailure);
  assert.is(unanswered.code, 'NOT_FOUND');
  const [mount] = await ask(client, 'default/5/extract');
  assert.is(shell(mount?.source ?? '', shown), shell(contentOf(root, 3), shown));
  await collectGarbage(client);
  await daemon.stop();
  assert.equal([leftIn(root), onDisk(root).quarantine], [[], []]);
  assert.is((await verified(root)).status, 0);
}

disk('xfs', (test) => {
  const own = steps.filter((step) => step.startsWith('staging.'));
  for (const step of own)
    test(`a daemon killed at ${step} leaves nothing of the copy`, async ({ serving }) => {
      const { root } = serving;
      await serving.start(`${step}=kill`);
      const client = serving.connect();
      await unpack(client, root);
      const failed = await ask(client).catch((error) => error);
      assert.instance(failed, CallFailure);
      await restarted(serving);
    });
  assert.is(own.length, 2);

  /** A daemon with a copy under way, and the options of the mount that its client is answered with. */
  const inCopy = async (serving: Serving) => {
    const { root } = serving;
    const daemon = await serving.start();
    const client = serving.connect();
    await unpack(client, root, `${fill}; mkdir many; cd many; for n in {1..4000}; do echo $n > $n; done`);
    const answer = ask(client).then(
      ([mount]) => mount?.options ?? [],
      () => 'failed' as const,
    );
    await waitFor('the copy to begin', () => leftIn(root).length > 0, { pause: 1 });
    return { daemon, answer };
  };

  test('a daemon killed in the middle of a copy leaves nothing of it', async ({ serving }) => {
    const { daemon, answer } = await inCopy(serving);
    await daemon.kill();
    assert.is(await answer, 'failed');
    assert.ok(leftIn(serving.root).length > 0);
    await restarted(serving);
  });

  test('a daemon stopped in the middle of a copy answers with an empty active, and the next start deletes the copy', async ({
    serving,
  }) => {
    const { root } = serving;
    const { daemon, answer } = await inCopy(serving);
    await daemon.stop();
    const options = await answer;
    assert.ok(options !== 'failed' && !options.includes('ro'), String(options));
    assert.equal(readdirSync(contentOf(root, 4)), []);
    assert.is((await verified(root)).status, 0);
    const again = await serving.start();
    assert.equal(leftIn(root), []);
    await again.stop();
  });
});

disk('ext4', (test) => {
  test('nothing is staged on a file system without reflinks, and the start says so', async ({ serving }) => {
    const daemon = await serving.start();
    const client = serving.connect();
    await unpack(client, serving.root);
    const [mount] = await ask(client);
    assert.not(mount?.options.includes('ro'));
    assert.match(daemon.log(), 'can not share data');
    await daemon.stop();
  });
});

disk('btrfs', (test) => {
  test('the driver btrfs refuses the setting', async ({ sandbox, loop }) => {
    const serving = createServing(sandbox, { ...overlay, driver: 'btrfs', root: join(loop.path, 'btrfs') });
    const refused = await serving.start().then(() => 'started', String);
    assert.match(refused, "overlay.stage_layers is set, but the driver btrfs can't stage layers");
  });
});
