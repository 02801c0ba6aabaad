import { linkSync, lstatSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { measureTree } from '../../../../../src/adapters/volume-driver/shared/trees/measure-tree.ts';
import { removeTree } from '../../../../../src/adapters/volume-driver/shared/trees/remove-tree.ts';
import { makeDeep } from '../../../../support/make-deep.ts';
import { run } from '../../../../support/run.ts';
import { createSandbox, type Sandbox } from '../../../../support/sandbox.ts';

const measuring = suite('measureTree');

async function inSandbox(action: (sandbox: Sandbox) => void | Promise<void>): Promise<void> {
  const sandbox = createSandbox('measure');
  try {
    await action(sandbox);
  } finally {
    removeTree(sandbox.path);
    await sandbox.close();
  }
}

const blocks = (...paths: string[]) => paths.reduce((sum, path) => sum + lstatSync(path).blocks * 512, 0);

measuring('counts the directory itself, and hard links once', () =>
  inSandbox(({ folder }) => {
    const root = folder('root');
    assert.equal(measureTree(root), { bytes: blocks(root), inodes: 1 });
    writeFileSync(`${root}/a`, Buffer.alloc(10_000));
    linkSync(`${root}/a`, `${root}/b`);
    assert.equal(measureTree(root), { bytes: blocks(root, `${root}/a`), inodes: 2 });
  }),
);

measuring('agrees with du', () =>
  inSandbox(async ({ folder }) => {
    const root = folder('root');
    for (let n = 0; n < 20; n++) {
      mkdirSync(`${root}/${n}`);
      for (let m = 0; m < 20; m++) writeFileSync(`${root}/${n}/${m}`, Buffer.alloc(m * 1000));
    }
    const { stdout } = await run('du', ['--summarize', '--block-size=1', root]);
    assert.equal(measureTree(root), { bytes: Number.parseInt(stdout, 10), inodes: 1 + 20 + 400 });
  }),
);

measuring('counts a symbolic link itself and not its target', () =>
  inSandbox(({ folder }) => {
    writeFileSync(`${folder('outside')}/big`, Buffer.alloc(1 << 20));
    symlinkSync(folder('outside'), `${folder('root')}/link`);
    assert.is(measureTree(folder('root')).inodes, 2);
  }),
);

measuring('returns zero for a missing path', () => {
  assert.equal(measureTree('/nowhere/at/all'), { bytes: 0, inodes: 0 });
});

measuring('reads names that are not UTF-8', () =>
  inSandbox(({ folder }) => {
    const root = folder('root');
    const odd = Buffer.concat([Buffer.from(`${root}/`), Buffer.from([0xff, 0xfe, 0x0a])]);
    mkdirSync(odd);
    writeFileSync(Buffer.concat([odd, Buffer.from('/ü')]), Buffer.alloc(5000));
    assert.is(measureTree(root).inodes, 3);
  }),
);

measuring('follows directories deeper than PATH_MAX', () =>
  inSandbox(async ({ folder }) => {
    await makeDeep(folder('root'));
    assert.is(measureTree(folder('root')).inodes, 62);
  }),
);

measuring.run();
