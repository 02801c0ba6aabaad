import { existsSync, readFileSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import * as assert from 'uvu/assert';
import { snapledgerDone, snapledgerRun } from '../../cli/process.ts';
import { contentOf, metaOf, readMeta, withoutPages } from '../../support/containerd-root.ts';
import { makeSource, sourceTrees } from '../../support/containerd-source.ts';
import { startDaemon } from '../../support/daemon.ts';
import { eventsOf, onDisk, stateOfRoot, verified } from '../../support/inspect-store.ts';
import { suiteNeeding } from '../../support/requirements.ts';
import { run } from '../../support/run.ts';
import { createSandbox, type Sandbox } from '../../support/sandbox.ts';
import { daemonFile } from '../../support/server.ts';
import { accessList, treeScripts } from '../../support/tree-script.ts';
import { createLoops, expectSame, importNeeds, type Loops, list, take, type Way, withoutTimes } from './imported.ts';

const test = suiteNeeding<{ sandbox: Sandbox }>('import from containerd', ...importNeeds);
let loops: Loops;
test.before(() => {
  loops = createLoops();
});
test.after(() => loops.end());
test.before.each((context) => {
  context.sandbox = createSandbox('import-containerd');
});
test.after.each(({ sandbox }) => sandbox.close());

const ways: readonly Way[] = [
  ['btrfs', 'btrfs', 'btrfs'],
  ['native', 'overlay', 'ext4'],
  ['native', 'btrfs', 'btrfs'],
];

const acl = `0x${Buffer.from(accessList(1000), 'latin1').toString('hex')}`;

/** What is hard to compare or to copy: the same size and time with other content, other names of one file, other types. */
const scripts: readonly string[] = [
  `mkdir -p a/b gone kept full types; echo one > a/file; echo same1 > a/same; touch -d @1000 a/same; echo linked > a/first; ln a/first a/second
   echo c1 > a/copy1; ln a/copy1 a/copy2; echo old > full/old; echo in > gone/in; ln -s target a/link; mkfifo a/fifo; ln a/fifo a/fifo2; mknod a/null c 1 3
   echo suid > a/suid; chown 1000:50 a/suid; chmod 6755 a/suid; setfattr -n user.one -v 1 a/file; setfattr -n trusted.two -v 2 kept
   setfattr -n security.capability -v 0x0100000200200000000000000000000000000000 a/suid; setfattr -n system.posix_acl_default -v ${acl} kept
   echo head > a/sparse; truncate -s 30M a/sparse; echo tail >> a/sparse; echo x > $'a/\\xff\\n name'; echo f > types/file; mkdir types/directory; echo in > types/directory/in
   chmod 1777 kept; chmod 755 .; echo t > types/link; touch -d @5.000000007 a/b; head -c 200000 /dev/urandom > large`,
  `echo same2 > a/same; touch -d @1000 a/same; rm a/first; rm -r gone; rm -r full; mkdir full; echo new > full/new; ln -sfn other a/link; chmod 700 a/suid
   cp -p a/copy1 a/copy; rm a/copy2; mv a/copy a/copy2; rm types/file; mkdir types/file; echo in > types/file/in; rm -r types/directory; echo f > types/directory
   rm types/link; ln -s directory types/link; setfattr -x user.one a/file; setfattr -x trusted.two kept; chmod 711 .`,
  `mkdir gone; echo again > gone/again; rm -r types; ln a/file a/b/new; rm a/fifo2; echo ours > full/old`,
  `echo written > a/written; rm large; rm a/null; mknod a/null c 1 5`,
];

for (const way of ways) {
  const [kind, driver, on] = way;
  test(`import: ${kind} becomes ${driver} with every entry, and containerd's own database the new name`, async ({
    sandbox,
  }) => {
    const { containerd, root } = loops.place(on);
    const source = await makeSource(containerd, kind, scripts);
    const trees = await Promise.all(sourceTrees(kind).map((tree) => list(join(source, tree))));
    const database = readFileSync(join(source, 'metadata.db'));
    const plan = await snapledgerDone('takeover', '--from', source, '--root', root, '--driver', driver, '--dry-run');
    assert.match(plan, '3 committed');
    assert.not(existsSync(root));
    const report = JSON.parse(
      await snapledgerDone('takeover', '--from', source, '--root', root, '--driver', driver, '--json'),
    );
    assert.equal(
      [report.done, report.from, report.committed, report.actives, report.views, report.lastId, report.odd],
      ['taken over', source, 3, 1, 1, '8', []],
    );
    assert.ok((await expectSame(way, { source, root, sandbox })) > 100);
    assert.equal(await eventsOf(root), ['StoreCreated', 'StoreTakenOver', ...Array(5).fill('SnapshotTakenOver')]);
    const { index } = await stateOfRoot(root);
    const before = new Map(contentOf(3).snapshots.map((snapshot) => [snapshot.key, snapshot]));
    for (const { usage: _, ...one } of before.values()) {
      const { parentId: _, ...found } = index.get(one.key) ?? { parentId: null };
      assert.equal(found, one);
    }
    assert.equal(await readMeta(source), withoutPages(metaOf(contentOf(3), 'snapledger')));
    assert.equal(readFileSync(join(source, 'metadata.db')), database);
    assert.equal(await Promise.all(sourceTrees(kind).map((tree) => list(join(source, tree)))), trees);
    const address = join(sandbox.path, 's.sock');
    const command = [
      process.execPath,
      daemonFile,
      'serve',
      '--root',
      root,
      '--driver',
      driver,
      '--address',
      address,
    ] as const;
    await (await startDaemon({ command, address, log: join(sandbox.path, 'log'), sandbox })).stop();
    assert.equal(onDisk(root).quarantine, []);
    assert.equal((await stateOfRoot(root)).index.size, 5);
    const deep = await snapledgerRun('verify', '--root', root, '--deep');
    assert.is(deep.status, 0, deep.stdout + deep.stderr);
    assert.equal((await verified(root)).status, 0);
    assert.match(await snapledgerDone('takeover', '--from', source, '--root', root), 'already');
  });
}

for (const [kind, driver] of [
  ['btrfs', 'btrfs'],
  ['native', 'btrfs'],
  ['native', 'overlay'],
] as const)
  test(`import: data of ${kind} is shared with ${driver} on btrfs`, async () => {
    const loop = loops.btrfs;
    const { containerd, root } = loops.place('btrfs');
    const source = await makeSource(containerd, kind, [
      'head -c 20000000 /dev/urandom > one',
      'head -c 40000000 /dev/urandom > two',
      'echo 3 > three',
      '',
    ]);
    const used = async () => {
      await run('btrfs', ['filesystem', 'sync', loop.path]);
      const { blocks, bfree, bsize } = statfsSync(loop.path);
      return (blocks - bfree) * bsize;
    };
    const before = await used();
    await take(source, root, { driver });
    const bytes = (await used()) - before;
    assert.ok(bytes < 20_000_000, `${bytes} bytes`);
    const { usage } = await stateOfRoot(root);
    assert.equal(
      [1, 2, 3].map((id) => Math.round((usage.get(id)?.bytes ?? -1) / 20_000_000)),
      [1, 2, 0],
    );
  });

test('import: random trees of native become equal', async ({ sandbox }) => {
  let lines = 0;
  const property = fc.asyncProperty(treeScripts(4, 40), async (random) => {
    const { containerd, root } = loops.place('ext4');
    const source = await makeSource(containerd, 'native', random);
    await take(source, root);
    lines += await expectSame(['native', 'overlay', 'ext4'], { source, root, sandbox }, withoutTimes);
  });
  await fc.assert(property, { numRuns: 2, endOnFailure: true, includeErrorInReport: true });
  assert.ok(lines > 30, `${lines} lines`);
});

test.run();
