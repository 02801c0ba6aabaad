import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { openFileEventLog } from '../../src/adapters/event-log/file/file-event-log.ts';
import { readLogDirectory } from '../../src/adapters/event-log/file/read/read-log-directory.ts';
import { writeIdentity } from '../../src/adapters/system/root/root-directory.ts';
import { createSystem } from '../../src/adapters/system/system.ts';
import { exportStore } from '../../src/maintenance/export-store.ts';
import { importStore } from '../../src/maintenance/import-store.ts';
import { appendTorn } from '../adapters/event-log/file/file-log.ts';
import { snapledgerRun } from '../cli/process.ts';
import { caughtFault } from '../support/caught-fault.ts';
import { requireCommand, requireRoot, suiteNeeding } from '../support/requirements.ts';
import { committed, enveloped, oneOfEach, prepared } from '../support/sample-events.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';

interface Context {
  sandbox: Sandbox;
  root: string;
  file: string;
  to: string;
}

const store = '0b7c1e9e-3a55-4c8e-9d0a-6a1f6a3f1c11';
const test = suiteNeeding<Context>('export and import', requireRoot(), requireCommand('tar'));
test.before.each(async (context) => {
  context.sandbox = createSandbox('transfer');
  context.root = context.sandbox.folder('root');
  context.file = join(context.sandbox.path, 'store.tar');
  context.to = join(context.sandbox.path, 'to');
  const { log } = await openFileEventLog({ directory: join(context.root, 'log'), store, preallocate: () => {} });
  const events = [...oneOfEach.slice(0, 1), prepared(1, 'a'), committed(1, 'a', 'A')];
  await log.append(enveloped(events), { flush: 'now' });
  await log.close();
  await writeIdentity(context.root, { store, driver: 'overlay' });
  const fs = join(context.root, 'snapshots/1/fs');
  mkdirSync(join(fs, 'opt'), { recursive: true });
  writeFileSync(join(fs, 'file'), 'content');
  linkSync(join(fs, 'file'), join(fs, 'same'));
  execFileSync('mknod', [join(fs, 'gone'), 'c', '0', '0']);
  execFileSync('setfattr', ['-n', 'trusted.overlay.opaque', '-v', 'y', join(fs, 'opt')]);
  execFileSync('chown', ['1234:5678', join(fs, 'file')]);
  // A change of owner clears the set-user-id bit.
  execFileSync('chmod', ['4755', join(fs, 'file')]);
});
test.after.each(({ sandbox }) => sandbox.close());

test('keeps layers with owners, modes, hard links, whiteouts and xattrs', async ({ root, file, to }) => {
  await exportStore(root, file, true);
  execFileSync('tar', ['--list', '--file', file]);
  await importStore(to, file);
  const fs = join(to, 'snapshots/1/fs');
  const { uid, gid, mode, ino, nlink } = lstatSync(join(fs, 'file'));
  assert.equal([uid, gid, mode & 0o7777, nlink, ino], [1234, 5678, 0o4755, 2, lstatSync(join(fs, 'same')).ino]);
  const gone = lstatSync(join(fs, 'gone'));
  assert.equal([gone.isCharacterDevice(), gone.rdev], [true, 0]);
  const mark = execFileSync('getfattr', ['--only-values', '-n', 'trusted.overlay.opaque', join(fs, 'opt')], {
    encoding: 'utf8',
  });
  assert.is(mark, 'y');
});

test('is recorded in the log, which continues from its position', async ({ root, file, to }) => {
  await exportStore(root, file, false);
  await importStore(to, file);
  assert.equal(readdirSync(join(to, 'snapshots')), []);
  const log = await readLogDirectory(join(to, 'log'));
  assert.is(log.end.position, 4);
  for await (const [last] of log.read(3)) assert.equal(last?.event, imported);
  assert.is(readFileSync(join(to, 'store'), 'utf8'), readFileSync(join(root, 'store'), 'utf8'));
});
const imported = { type: 'StoreImported', data: { from: 'overlay', driver: 'overlay', position: 3, volumes: false } };

test('refuses a truncated or changed export before anything is created', async ({ root, file, to }) => {
  await exportStore(root, file, true);
  const whole = readFileSync(file);
  const refused = async () => {
    const { code } = await caughtFault(importStore(to, file));
    assert.not.ok(existsSync(to));
    return code;
  };
  for (const bytes of [0, 10, whole.length - 1, whole.length - 300]) {
    truncateSync(file, bytes);
    assert.is(await refused(), 'corrupt', `${bytes} bytes`);
    writeFileSync(file, whole);
  }
  for (const at of [0, 600, whole.length >> 1, whole.length - 100]) {
    writeFileSync(
      file,
      whole.map((byte, index) => (index === at ? byte ^ 1 : byte)),
    );
    assert.is(await refused(), 'corrupt', `byte ${at}`);
  }
  writeFileSync(file, whole);
  appendFileSync(file, 'more');
  assert.is(await refused(), 'corrupt');
  assert.is((await caughtFault(importStore(to, `${file}.other`))).code, 'missing');
});

test('names what was changed in an export', async ({ root, file, to }) => {
  await exportStore(root, file, true);
  const whole = readFileSync(file);
  for (const [text, named] of [
    ['"type":"SnapshotPrepared', 'log/00000000000000000001.log in it does not match'],
    ['content', 'volumes/1.tar in it does not match'],
    ['volumes/1.tar\0', 'a header was changed'],
  ] as const) {
    const at = whole.indexOf(text);
    writeFileSync(file, Buffer.concat([whole.subarray(0, at), Buffer.from('X'), whole.subarray(at + 1)]));
    const { code, message } = await caughtFault(importStore(to, file));
    assert.is(code, 'corrupt');
    assert.match(message, named);
  }
  assert.not.ok(existsSync(to));
});

test('refuses a store whose layer is missing, and a driver that is unavailable', async ({ root, file, to }) => {
  await exportStore(root, file, true);
  assert.is((await caughtFault(importStore(to, file, 'zfs'))).code, 'misuse');
  assert.not.ok(existsSync(to));
  rmSync(join(root, 'snapshots/1'), { recursive: true });
  const { code, message } = await caughtFault(exportStore(root, `${file}.2`, true));
  assert.equal([code, /volume 1: its content .* is missing/.test(message)], ['corrupt', true]);
  assert.not.ok(existsSync(`${file}.2`) || existsSync(`${file}.2.new`));
});

test('does not change a root that is not empty, or an existing file', async ({ root, file, to, sandbox }) => {
  await exportStore(root, file, false);
  assert.is((await caughtFault(exportStore(root, file, false))).code, 'misuse');
  sandbox.folder('to');
  writeFileSync(join(to, 'mine'), '');
  assert.is((await caughtFault(importStore(to, file))).code, 'misuse');
  assert.equal(readdirSync(to), ['mine']);
});

test('changes nothing in a store in use except its log', async ({ root, file, to }) => {
  const lock = await createSystem().lock(join(root, 'lock'));
  const { code, hint } = await caughtFault(exportStore(root, file, true));
  assert.is(code, 'busy');
  assert.match(hint, 'without --volumes');
  assert.not.ok(existsSync(file));
  // A daemon is writing an event, and has just saved a checkpoint after it.
  appendTorn(join(root, 'log/00000000000000000001.log'));
  mkdirSync(join(root, 'checkpoints'));
  writeFileSync(join(root, 'checkpoints/00000000000000000004.ckpt'), '');
  assert.is((await exportStore(root, file, false)).position, 3);
  await lock?.release();
  await importStore(to, file);
  assert.equal(readdirSync(join(to, 'checkpoints')), []);
  assert.is((await readLogDirectory(join(to, 'log'))).end.position, 4);
});

test('works by two commands', async ({ root, file, to }) => {
  const exported = await snapledgerRun('export', file, '--volumes', '--json', '--root', root);
  assert.is(exported.status, 0, exported.stderr);
  assert.is(JSON.parse(exported.stdout).position, '3');
  const done = await snapledgerRun('import', file, '--root', to);
  assert.is(done.status, 0, done.stderr);
  assert.match(done.stdout, /^holds +log, checkpoints and layers$/m);
  const log = await snapledgerRun('log', '-n', '1', '--root', to);
  assert.match(log.stdout, /StoreImported .*driver overlay, log and layers up to position 3/);
});

test.run();
