import { existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { createFailpoints, failpointsVariable } from '../../../src/adapters/system/failpoints.ts';
import { prepareRoot } from '../../../src/adapters/system/root/root-directory.ts';
import { stageOf } from '../../../src/adapters/system/root/root-stage.ts';
import { steps } from '../../../src/ports/failpoints.ts';
import { caughtFault } from '../../support/caught-fault.ts';
import {
  bucketAt,
  bucketOf,
  contentOf,
  databasePath,
  databases,
  makeContainerdRoot,
  merged,
  metaOf,
  readMeta,
  readMetadata,
  withoutPages,
} from '../../support/containerd-root.ts';
import { stateOfRoot } from '../../support/inspect-store.ts';
import { requireRoot, suiteNeeding } from '../../support/requirements.ts';
import { run } from '../../support/run.ts';
import { createSandbox, type Sandbox } from '../../support/sandbox.ts';
import { daemonFile } from '../../support/server.ts';
import { commands } from './commands.ts';

const test = suiteNeeding<{ sandbox: Sandbox; root: string }>('crashes of takeover and giveback', requireRoot());
test.before.each(async (context) => {
  context.sandbox = createSandbox('takeover-crash');
  context.root = await makeContainerdRoot(context.sandbox.folder('containerd'));
});
test.after.each(({ sandbox }) => sandbox.close());

const stepsOf = (command: string) => steps.filter((step) => step.startsWith(`${command}.`));

const meta = (snapshotter: string) => withoutPages(metaOf(contentOf(3), snapshotter));

/** SIGKILL at a step, of a process of its own. */
async function killed(command: string, root: string, step: string): Promise<void> {
  const program = [process.execPath, daemonFile, command, '--root', root].map((word) => `'${word}'`).join(' ');
  const env = { [failpointsVariable]: `${step}=kill` };
  const { status, stderr } = await run('sh', ['-c', `${program}; exit $?`], { anyStatus: true, env });
  assert.is(status, 137, stderr);
}

async function expectContainerds(root: string): Promise<void> {
  assert.equal(await readMetadata(root), contentOf(3));
  assert.equal(await readMeta(root), meta('overlayfs'));
}

async function expectOurs(root: string): Promise<void> {
  assert.is(stageOf(root), 'snapledger');
  const { index, usage, storeInfo } = await stateOfRoot(root);
  assert.equal([index.size, usage.size, storeInfo.lastId], [5, 3, 8]);
  assert.equal(await readMeta(root), meta('snapledger'));
}

/** Neither containerd's snapshotter nor a daemon can use the root until the command was run again. */
async function expectNobodys(root: string, command: string): Promise<void> {
  assert.not(existsSync(join(root, 'metadata.db')) && stageOf(root) === 'containerd');
  const { hint } = await caughtFault((async () => prepareRoot(root))());
  assert.match(hint, `snapledger ${command} --root ${root}`);
}

for (const step of stepsOf('takeover'))
  test(`takeover: a kill at ${step} leaves one store, and a second try succeeds`, async ({ root }) => {
    await killed('takeover', root, step);
    if (stageOf(root) === 'takeover-undecided') await expectContainerds(root);
    else await expectNobodys(root, 'takeover');
    await commands.takeover(root);
    await expectOurs(root);
    assert.equal(
      readdirSync(root).sort(),
      ['lock', 'log', 'metadata.db', 'snapshots', 'store'].filter((name) => existsSync(join(root, name))),
    );
    await commands.giveback(root);
    await expectContainerds(root);
  });

for (const step of stepsOf('giveback'))
  test(`giveback: a kill at ${step} leaves one store, and a second try succeeds`, async ({ root }) => {
    await commands.takeover(root);
    await killed('giveback', root, step);
    const stage = stageOf(root);
    if (stage === 'snapledger') await expectOurs(root);
    else if (stage === 'giveback-decided') await expectContainerds(root);
    else await expectNobodys(root, 'giveback');
    await commands.giveback(root);
    await expectContainerds(root);
    assert.equal(readdirSync(root).sort(), ['given-back', 'metadata.db', 'snapshots']);
    assert.equal(readdirSync(join(databasePath(root), '..')).sort(), [
      'meta.db',
      'meta.db.before-overlayfs',
      'meta.db.before-snapledger',
    ]);
  });

/** What containerd records if it is started between two runs: a bucket for the name that its clients use, before that snapshotter fails. */
async function startedBetween(root: string, snapshotter: string): Promise<void> {
  const { root: read, release } = await databases.openBuckets(databasePath(root));
  await release();
  const snapshots = {
    snapshots: { [snapshotter]: {} },
    leases: { new: { snapshots: { [snapshotter]: { key: '' } } } },
  };
  await databases.writeBuckets(databasePath(root), merged(read, bucketOf({ v1: { default: snapshots } })));
}

for (const [command, old] of [
  ['takeover', 'overlayfs'],
  ['giveback', 'snapledger'],
] as const)
  for (const step of ['renamed', 'decided'])
    test(`${command}: a kill at ${command}.${step} and a start of containerd lose no snapshot`, async ({ root }) => {
      if (command === 'giveback') await commands.takeover(root);
      await killed(command, root, `${command}.${step}`);
      await startedBetween(root, old);
      await commands[command](root);
      if (command === 'takeover') await commands.giveback(root);
      const snapshots = bucketAt(await readMeta(root), 'v1', 'default', 'snapshots', 'overlayfs');
      assert.is(snapshots.entries.length, 5);
    });

test('giveback: a kill after the switch of a store that was never taken over keeps overlayfs out', async ({ root }) => {
  await commands.takeover(root);
  rmSync(join(root, 'metadata.db'), { recursive: true });
  await killed('giveback', root, 'giveback.renamed');
  assert.ok(statSync(join(root, 'metadata.db')).isDirectory());
  await commands.giveback(root);
  await expectContainerds(root);
});

test('takeover: a failure before the decision leaves containerd its root', async ({ root }) => {
  for (const step of ['takeover.staged', 'takeover.placed']) {
    const before = readdirSync(root);
    const failpoint = createFailpoints(`${step}=error(EIO)`);
    const { code } = await caughtFault(commands.takeover(root, { failpoint }));
    assert.is(code, 'io');
    assert.equal(readdirSync(root), before);
    await expectContainerds(root);
  }
});

test.run();
