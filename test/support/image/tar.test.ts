import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { requireCommand, requireRoot, suiteNeeding } from '../requirements.ts';
import { run } from '../run.ts';
import { createSandbox } from '../sandbox.ts';
import { differences } from './compare-trees.ts';
import { directory, type Entry, file, link, opaque, symlink, whiteout } from './entries.ts';
import { expectedTree } from './expected-tree.ts';
import { foundTree } from './found-tree.ts';
import { tar } from './tar.ts';

const long = 'long/'.repeat(30).slice(0, -1);
const everything: readonly Entry[] = [
  directory('sticky', { mode: 0o1777, uid: 5, gid: 6 }),
  file('sticky/setuid', 'content\n', { mode: 0o4711, uid: 4_000_000 }),
  link('sticky/again', 'sticky/setuid'),
  file('empty', ''),
  file('exactly a block', Buffer.alloc(512, 1), { time: 1_234_567_890 }),
  file('capable', 'x', { xattrs: { 'security.capability': Buffer.from(`01000002002${'0'.repeat(29)}`, 'hex') } }),
  symlink('übel', 'nach/nirgendwo'),
  ...long.split('/').map((_, depth) => directory(long.slice(0, 5 * depth + 4))),
  symlink('to-long', long),
  { type: 'fifo', path: 'fifo' },
  { type: 'device', path: 'null', major: 1, minor: 3 },
];

const test = suiteNeeding('tar', requireRoot(), requireCommand('tar'), requireCommand('getfattr'));

test('writes an archive that GNU tar unpacks to the expected tree', async () => {
  const sandbox = createSandbox('tar');
  try {
    const archive = join(sandbox.path, 'all.tar');
    const target = join(sandbox.path, 'unpacked');
    mkdirSync(target);
    writeFileSync(archive, tar(everything));
    await run('tar', [
      '-x',
      '--numeric-owner',
      '--same-owner',
      '-p',
      '--xattrs',
      '--xattrs-include=*',
      '-f',
      archive,
      '-C',
      target,
    ]);
    assert.equal(differences(expectedTree([everything]), await foundTree(target)), []);
  } finally {
    await sandbox.close();
  }
});

test.run();

const trees = suiteNeeding('expected trees');

const pathsOf = (...layers: readonly (readonly Entry[])[]) => [...expectedTree(layers).keys()];
const lower = [directory('a'), file('a/x', 'x'), directory('a/b'), file('a/b/y', 'y'), file('ab', '')];

trees('lose what a whiteout names, with everything below it and nothing beside it', () => {
  assert.equal(pathsOf(lower, [whiteout('a/b')]), ['a', 'a/x', 'ab']);
});

trees('lose what an opaque directory hides, and keep what its layer brings', () => {
  assert.equal(pathsOf(lower, [file('a/new', ''), opaque('a')]), ['a', 'ab', 'a/new']);
});

trees('lose a directory that a file replaces', () => {
  assert.equal(pathsOf(lower, [file('a', 'now a file')]), ['ab', 'a']);
});

trees('keep the content of a directory whose mode a layer changes', () => {
  assert.equal(pathsOf(lower, [directory('a', { mode: 0o700 })]), ['a', 'a/x', 'a/b', 'a/b/y', 'ab']);
});

trees('differ in one mode, one owner, one link', () => {
  const [one, other] = [expectedTree([[file('f', '', { mode: 0o600 })]]), expectedTree([[file('f', '', { uid: 1 })]])];
  assert.is(differences(one, other).length, 1);
  const linked = expectedTree([[file('f', ''), link('g', 'f')]]);
  assert.is(differences(linked, expectedTree([[file('f', ''), file('g', '')]])).length, 2);
});

trees.run();
