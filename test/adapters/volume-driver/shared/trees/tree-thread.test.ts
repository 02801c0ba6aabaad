import { lstatSync, mkdirSync, writeFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  createTreeThread,
  type TreeThread,
} from '../../../../../src/adapters/volume-driver/shared/trees/tree-thread.ts';
import { rejectsWith } from '../../../../contract/volume-driver.contract.ts';
import { requireFileSystem, suiteNeeding } from '../../../../support/requirements.ts';
import { run } from '../../../../support/run.ts';
import { createSandbox, type Sandbox } from '../../../../support/sandbox.ts';

async function withThread(action: (thread: TreeThread, sandbox: Sandbox) => Promise<void>): Promise<void> {
  const sandbox = createSandbox('thread');
  const thread = createTreeThread(sandbox.path);
  try {
    await action(thread, sandbox);
  } finally {
    await thread.close();
    await sandbox.close();
  }
}

const thread = suite('createTreeThread');

thread('answers many jobs, each with its own result', () =>
  withThread(async (thread, { folder }) => {
    const roots = [1, 2, 3, 4].map((files) => {
      const root = folder(`root-${files}`);
      for (let n = 0; n < files; n++) writeFileSync(`${root}/${n}`, '');
      return root;
    });
    const inodes = (await Promise.all(roots.map((root) => thread.measure(root)))).map((usage) => usage.inodes);
    assert.equal(inodes, [2, 3, 4, 5]);
    await Promise.all(roots.map((root) => thread.remove(root)));
    assert.not(roots.some((root) => lstatSync(root, { throwIfNoEntry: false })));
  }),
);

thread('lets the event loop run during a walk', () =>
  withThread(async (thread, { folder }) => {
    const root = folder('root');
    for (let n = 0; n < 3000; n++) writeFileSync(`${root}/${n}`, '');
    let turns = 0;
    let walking = true;
    const walk = thread.measure(root).finally(() => {
      walking = false;
    });
    while (walking) {
      await new Promise((resolve) => setImmediate(resolve));
      turns++;
    }
    assert.is((await walk).inodes, 3001);
    assert.ok(turns > 10, `${turns} turns`);
  }),
);

thread('finishes a small tree before a large one that was started earlier', () =>
  withThread(async (thread, { folder }) => {
    const [large, small] = [folder('large'), folder('small')];
    for (let n = 0; n < 30_000; n++) writeFileSync(`${large}/${n}`, '');
    const ended: string[] = [];
    const walk = thread.measure(large).then(({ inodes }) => ended.push(`large ${inodes}`));
    await thread.measure(small).then(({ inodes }) => ended.push(`small ${inodes}`));
    await walk;
    assert.equal(ended, ['small 1', 'large 30001']);
    await thread.remove(large);
  }),
);

thread('aborts a walk that has no caller left', () =>
  withThread(async (thread, { folder }) => {
    const reason = new Error('hung up');
    const [gone, leaving] = [AbortSignal.abort(reason), new AbortController()];
    const rejected = (walk: Promise<unknown>) =>
      walk.then(
        () => assert.unreachable(),
        (error: unknown) => assert.is(error, reason),
      );
    await rejected(thread.measure(folder('root'), gone));
    // Never done: a process that ends meanwhile only hides its directory.
    const walk = rejected(thread.measure('/proc', leaving.signal));
    leaving.abort(reason);
    await walk;
    const kept = new AbortController();
    assert.is((await thread.measure(folder('root'), kept.signal)).inodes, 1);
    kept.abort(reason);
  }),
);

thread('continues after a failed job', () =>
  withThread(async (thread, { folder, path }) => {
    writeFileSync(`${path}/file`, '');
    await rejectsWith(() => thread.remove(`/proc/${process.pid}/status`), 'io');
    assert.is((await thread.measure(folder('root'))).inodes, 1);
  }),
);

thread('rejects unfinished jobs when it is closed', () =>
  withThread(async (thread, { folder }) => {
    const unfinished = rejectsWith(() => thread.measure(folder('root')), 'stopped');
    await thread.close();
    await unfinished;
    await rejectsWith(() => thread.measure(folder('root')), 'stopped');
  }),
);

thread.run();

const mounted = suiteNeeding('createTreeThread, with mounts', requireFileSystem('ext4'));

mounted('deletes nothing if a file system is mounted below', () =>
  withThread(async (thread, { folder, atEnd }) => {
    const root = folder('a root');
    mkdirSync(`${root}/mounted here`);
    writeFileSync(`${root}/file`, '');
    writeFileSync(`${folder('precious')}/file`, '');
    await run('mount', ['--bind', folder('precious'), `${root}/mounted here`]);
    atEnd(() =>
      run('umount', [`${root}/mounted here`]).then(
        () => {},
        () => {},
      ),
    );
    const fault = await rejectsWith(() => thread.remove(root), 'busy');
    assert.match(fault.message, 'mounted here');
    assert.ok(lstatSync(`${folder('precious')}/file`).isFile());
    assert.ok(lstatSync(`${root}/file`).isFile());
    await run('umount', [`${root}/mounted here`]);
    await thread.remove(root);
  }),
);

mounted('walks the original directory, whatever is mounted over it', async () => {
  const sandbox = createSandbox('thread');
  const below = sandbox.folder('below');
  sandbox.folder('below/1/kept');
  const thread = createTreeThread(below);
  await run('mount', ['-t', 'tmpfs', 'tmpfs', below]);
  try {
    mkdirSync(`${below}/1`);
    writeFileSync(`${below}/1/file`, 'of another');
    assert.is((await thread.measure(`${below}/1`)).inodes, 2);
    await thread.remove(`${below}/1`);
    assert.ok(lstatSync(`${below}/1/file`).isFile());
    await run('umount', [below]);
    assert.is(lstatSync(`${below}/1`, { throwIfNoEntry: false }), undefined);
  } finally {
    await thread.close();
    await sandbox.close();
  }
});

mounted.run();
