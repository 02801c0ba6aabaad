import {
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { setAside } from '../../../../src/adapters/volume-driver/shared/orphans.ts';
import { createSandbox, type Sandbox } from '../../../support/sandbox.ts';

const aside = suite('setAside');

async function inRoot(action: (sandbox: Sandbox) => void): Promise<void> {
  const sandbox = createSandbox('aside');
  for (const name of ['snapshots', 'quarantine']) sandbox.folder(name);
  try {
    action(sandbox);
  } finally {
    await sandbox.close();
  }
}

aside('never overwrites a file, a directory or a link', () =>
  inRoot(({ path }) => {
    const make = {
      file: (at: string) => writeFileSync(at, at),
      directory: (at: string) => {
        mkdirSync(at);
        writeFileSync(`${at}/in`, at);
      },
      link: (at: string) => symlinkSync('/etc', at),
    };
    let n = 0;
    for (const there of Object.values(make))
      for (const moving of Object.values(make)) {
        const name = `case-${++n}`;
        there(`${path}/quarantine/${name}`);
        moving(`${path}/snapshots/${name}`);
        assert.is(setAside(path, `snapshots/${name}`, name), `quarantine/${name}.2`);
      }
    assert.is(readdirSync(`${path}/quarantine`).length, 18);
    assert.equal(readdirSync(`${path}/snapshots`), []);
  }),
);

aside('moves a symbolic link itself', () =>
  inRoot(({ path }) => {
    symlinkSync('/etc', `${path}/snapshots/5`);
    assert.is(setAside(path, 'snapshots/5', 'five'), 'quarantine/five');
    assert.is(readlinkSync(`${path}/quarantine/five`), '/etc');
  }),
);

aside('succeeds if only the target exists', () =>
  inRoot(({ path }) => {
    writeFileSync(`${path}/quarantine/five`, 'five');
    assert.is(setAside(path, 'snapshots/5', 'five'), 'quarantine/five');
    assert.is(readFileSync(`${path}/quarantine/five`, 'utf8'), 'five');
  }),
);

aside('refuses a name that leads out of the quarantine', () =>
  inRoot(({ path }) => {
    mkdirSync(`${path}/snapshots/5`);
    for (const name of ['', '.', '..', '../five', 'a/b', '.hidden'])
      assert.throws(() => setAside(path, 'snapshots/5', name), /is not a plain name/);
  }),
);

aside('reports a missing source', () =>
  inRoot(({ path }) => {
    assert.throws(() => setAside(path, 'snapshots/5', 'five'), /ENOENT/);
  }),
);

aside('creates a deleted quarantine again, and refuses anything else under its name', () =>
  inRoot(({ path }) => {
    for (const id of [5, 6]) mkdirSync(`${path}/snapshots/${id}`);
    rmdirSync(`${path}/quarantine`);
    assert.is(setAside(path, 'snapshots/5', 'five'), 'quarantine/five');
    rmSync(`${path}/quarantine`, { recursive: true });
    writeFileSync(`${path}/quarantine`, '');
    assert.throws(() => setAside(path, 'snapshots/6', 'six'), /quarantine: is not a directory/);
    assert.equal(readdirSync(`${path}/snapshots`), ['6']);
  }),
);

aside.run();
