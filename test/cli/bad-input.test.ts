import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { archiveLog } from '../../src/adapters/event-log/file/archive/move-archives.ts';
import { openFileEventLog } from '../../src/adapters/event-log/file/file-event-log.ts';
import { writeIdentity } from '../../src/adapters/system/root/root-directory.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';
import { enveloped, prepared, smallStore } from './facts.ts';
import { snapledgerRun } from './process.ts';

interface Context {
  sandbox: Sandbox;
  root: string;
  /** complete segments, oldest first */
  archives: readonly string[];
}

const store = '6ba7b810-9dad-41d1-80b4-00c04fd430c8';
const test = suite<Context>('bad input');

/** An overlay store whose complete segments are archived. */
test.before.each(async (context) => {
  context.sandbox = createSandbox('bad-input');
  context.root = context.sandbox.folder('root');
  const directory = join(context.root, 'log');
  const more = Array.from({ length: 60 }, (_, at) => prepared(10 + at, `default/${10 + at}/more`));
  const { log } = await openFileEventLog({ directory, store, preallocate: () => {}, segmentBytes: 4096 });
  const events = [...smallStore, ...more].map((event) =>
    event.type === 'StoreCreated' ? { ...event, data: { ...event.data, driver: 'overlay' } } : event,
  );
  for (const envelope of enveloped(events)) await log.append([envelope], { flush: 'now' });
  await log.close();
  await writeIdentity(context.root, { store, driver: 'overlay' });
  mkdirSync(join(context.root, 'snapshots/1/fs'), { recursive: true });
  context.archives = (await archiveLog(directory, events.length, false)).map(({ segment }) => `${segment}.gz`);
  assert.ok(context.archives.length > 2);
});
test.after.each(({ sandbox }) => sandbox.close());

/** Names, sizes and times of all files. */
const filesBelow = (root: string) =>
  readdirSync(root, { recursive: true, encoding: 'utf8' })
    .sort()
    .map((name) => `${name} ${statSync(join(root, name)).size} ${statSync(join(root, name)).mtimeMs}`);

const questions: readonly (readonly [args: readonly string[], status: number, expected: RegExp])[] = [
  [['ls', '--at', '2999-01-01'], 2, /is in the future/],
  [['log', '--since', 'yesterday'], 2, /--since: expected a time, as .*, found "yesterday"/],
  [
    ['history', 'default/5/wep'],
    1,
    /no snapshot ever had this key, name or id\nhint: the nearest are: default\/5\/web/,
  ],
  [['why', 'nobody'], 1, /nobody/],
  // Id 4 was purged: it is reported, and cannot be restored.
  [['stat', '4'], 1, /snapshot 4: not found/],
  [['restore', '4'], 1, /snapshot 4: no layer of that name or id is retained/],
  [['blame', 'default/2/sha256:aaa', '../../log'], 2, /leaves the snapshot/],
];

for (const [args, status, expected] of questions)
  test(`fails for ${args.join(' ')} with the reason, and changes nothing`, async ({ root }) => {
    const before = filesBelow(root);
    const answer = await snapledgerRun(...args, '--root', root);
    assert.equal([answer.status, answer.stdout], [status, ''], answer.stderr);
    assert.match(answer.stderr, expected);
    assert.match(answer.stderr, /^snapledger: .*\nhint: .*\n$/);
    assert.equal(filesBelow(root), before);
  });

test('refuses an export that is truncated or no export, with exit status 3', async ({ root, sandbox }) => {
  const [file, to] = [join(sandbox.path, 'store.tar'), join(sandbox.path, 'to')];
  assert.is((await snapledgerRun('export', file, '--root', root)).status, 0);
  const whole = readFileSync(file);
  writeFileSync(
    file,
    whole.map((byte, at) => (at === whole.indexOf('"store"') ? byte ^ 1 : byte)),
  );
  const changed = await snapledgerRun('import', file, '--root', to);
  assert.equal([changed.status, changed.stdout], [3, '']);
  assert.match(changed.stderr, /store\.tar: store in it does not match the checksum\nhint: /);
  truncateSync(file, whole.length >> 1);
  assert.is((await snapledgerRun('import', file, '--root', to)).status, 3);
  assert.not.ok(readdirSync(sandbox.path).includes('to'));
  writeFileSync(file, whole);
  const filled = await snapledgerRun('import', file, '--root', root);
  assert.equal([filled.status, filled.stdout], [2, '']);
  assert.match(filled.stderr, /is not empty\nhint: /);
});

test('reports a damaged archive as a finding with a hint, with exit status 3', async (context) => {
  const { root, archives } = context;
  const [, second = ''] = archives;
  const file = join(root, 'log', second);
  const whole = readFileSync(file);
  truncateSync(file, whole.length - 20);
  const first = Number.parseInt(second, 10);
  const verified = await snapledgerRun('verify', '--root', root);
  assert.is(verified.status, 3, verified.stderr);
  assert.match(verified.stdout, new RegExp(`^chain +1 finding .*\n.*log archive ${file}: byte 0, position ${first}: `));
  assert.match(verified.stdout, /-> restore the file from a backup; the segment itself, without \.gz/);
  for (const args of [['log'], ['history', 'default/5/web']]) {
    const refused = await snapledgerRun(...args, '--root', root);
    assert.is(refused.status, 3, refused.stdout);
    assert.match(refused.stderr, `log archive ${file}: byte 0, position ${first}: `);
  }
  writeFileSync(file, whole);
  assert.match((await snapledgerRun('verify', '--root', root)).stdout, /^chain +ok /);
});

test('reports a missing archive as a finding with its positions', async ({ root, archives, sandbox }) => {
  const [, second = '', third = ''] = archives;
  renameSync(join(root, 'log', second), join(sandbox.path, second));
  const [from, to] = [Number.parseInt(second, 10), Number.parseInt(third, 10) - 1];
  const verified = await snapledgerRun('verify', '--root', root);
  assert.is(verified.status, 3, verified.stderr);
  assert.match(verified.stdout, `positions ${from} to ${to} are missing`);
  assert.match(verified.stdout, second.replace('.gz', ''));
  rmSync(join(root, 'log', archives[0] ?? ''));
  const refused = await snapledgerRun('history', 'default/5/web', '--root', root);
  assert.is(refused.status, 3);
  assert.match(refused.stderr, /positions 1 to \d+ are missing: the segments before this one are gone/);
});

test('asks for archives to be unpacked before a repair, and repairs then', async ({ root, archives }) => {
  rmSync(join(root, 'log', archives[1] ?? ''));
  const refused = await snapledgerRun('repair', '--root', root);
  assert.equal([refused.status, refused.stdout], [1, '']);
  assert.match(refused.stderr, 'hint: unpack them before the repair: gunzip ');
  execFileSync('sh', ['-c', `gunzip ${root}/log/*.log.gz`]);
  assert.is((await snapledgerRun('repair', '--root', root)).status, 0);
  assert.match((await snapledgerRun('verify', '--root', root)).stdout, /^chain +ok /);
});

test.run();
