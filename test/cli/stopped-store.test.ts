import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Event } from '../../events/registry.ts';
import { openFileEventLog } from '../../src/adapters/event-log/file/file-event-log.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';
import { daemonFile } from '../support/server.ts';
import { waitFor } from '../support/wait-for.ts';
import { enveloped, prepared, smallStore } from './facts.ts';
import { snapledgerRun } from './process.ts';

interface Context {
  sandbox: Sandbox;
  root: string;
}

const test = suite<Context>('commands on a stopped store');
test.before.each(async (context) => {
  context.sandbox = createSandbox('stopped');
  context.root = context.sandbox.folder('root');
  await append(context.root, smallStore);
});
test.after.each(({ sandbox }) => sandbox.close());

const store = '6ba7b810-9dad-41d1-80b4-00c04fd430c8';

/** Appends to the log of a root, as its daemon does. */
async function append(root: string, events: readonly Event[]): Promise<void> {
  const directory = join(root, 'log');
  const { log } = await openFileEventLog({ directory, store, preallocate: () => {} });
  await log.append(enveloped(events, log.end.position), { flush: 'now' });
  await log.close();
}

/** Every byte of the log's files. */
function bytesOf(root: string): string {
  return readdirSync(join(root, 'log'))
    .map((name) => readFileSync(join(root, 'log', name), 'latin1'))
    .join('\n');
}

test('show the log', async ({ root }) => {
  const { status, stdout } = await snapledgerRun('log', '--root', root);
  assert.is(status, 0);
  const lines = stdout.trimEnd().split('\n');
  assert.is(lines.length, smallStore.length + 1);
  assert.match(lines[3] ?? '', /^ +3 {2}\S+Z {2}SnapshotPrepared +1 {2}default\/1\/extract-a /);
  const json = await snapledgerRun('log', 'default/6/job', '--json', '--root', root);
  const types = json.stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line).type);
  assert.equal(types, ['SnapshotPrepared.v1', 'SnapshotRemoved.v1', 'VolumePurged.v1']);
});

test('show the tree and one snapshot', async ({ root }) => {
  const tree = await snapledgerRun('tree', '--root', root);
  assert.equal(
    tree.stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.replace(/ +(AGE|\d+d) /, ' - ')),
    [
      'ID  KIND         USAGE -  KEY',
      ' 1  committed  1.5 MiB -  default/2/sha256:aaa',
      ' 2  committed        - -  └─ default/4/sha256:bbb',
      ' 3  active           - -     └─ default/5/web',
    ],
  );
  const stat = await snapledgerRun('stat', 'default/5/web', '--json', '--root', root);
  assert.is(JSON.parse(stat.stdout).parent, 'default/4/sha256:bbb');
  const short = await snapledgerRun('stat', 'web', '--json', '--root', root);
  assert.is(JSON.parse(short.stdout).key, 'default/5/web');
  const missing = await snapledgerRun('stat', 'default/5/wbe', '--root', root);
  assert.equal(
    [missing.status, missing.stderr],
    [1, 'snapledger: snapshot default/5/wbe: not found\nhint: the nearest are: default/5/web\n'],
  );
});

test('show it at a moment, and what happened since', async ({ root }) => {
  const then = await snapledgerRun('ls', '--at', '6', '--json', '--root', root);
  assert.equal(
    then.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).key),
    ['default/2/sha256:aaa', 'default/4/sha256:bbb'],
  );
  const since = await snapledgerRun('diff', '9', '11', '--root', root);
  assert.match(since.stdout, 'position 9 to 11: 0 appeared, 1 vanished, 1 changed, +0 B');
  const history = await snapledgerRun('history', 'default/6/job', '--root', root);
  assert.match(history.stdout, /^now +active, removed /m);
  for (const moment of ['99', '1970-01-01', 'soon']) {
    const refused = await snapledgerRun('stats', '--at', moment, '--root', root);
    assert.equal([refused.status, refused.stdout], [2, ''], refused.stderr);
    assert.match(refused.stderr, /^snapledger: .*\nhint: /);
  }
});

test('verify it, and change nothing', async ({ root }) => {
  const before = bytesOf(root);
  const { status, stdout } = await snapledgerRun('verify', '--root', root);
  assert.is(status, 0, stdout);
  assert.match(stdout, /^chain +ok +segments 1, records 13, /);
  assert.match(stdout, 'verify: all in order');
  assert.is(bytesOf(root), before);
  assert.equal(readdirSync(root), ['log']);
});

test('prove by an anchor that the log was not truncated', async ({ root }) => {
  await append(root, [prepared(9, 'anchored')]);
  const anchor = (await snapledgerRun('anchor', '--root', root)).stdout;
  writeFileSync(join(root, 'anchors'), anchor);
  await append(root, [prepared(10, 'later')]);
  const file = `@${join(root, 'anchors')}`;
  const whole = await snapledgerRun('verify', '--anchor', file, '--root', root);
  assert.match(whole.stdout, /^anchors +ok +given 1, held 1, up to 14$/m);
  const [name = ''] = readdirSync(join(root, 'log'));
  const lines = readFileSync(join(root, 'log', name), 'utf8').split('\n');
  // Header and 13 events: the end of a batch.
  writeFileSync(join(root, 'log', name), lines.slice(0, 14).join('\n').concat('\n'));
  const cut = await snapledgerRun('verify', '--anchor', anchor.trim(), '--root', root);
  assert.is(cut.status, 3);
  assert.match(
    cut.stdout,
    'anchor at position 14: the log was truncated: it ends at position 13, but once had position 14',
  );
  for (const given of ['nonsense', '@/nowhere']) {
    const refused = await snapledgerRun('verify', '--anchor', given, '--root', root);
    assert.is(refused.status, 2, given);
  }
});

test('name one changed byte, with exit status 3', async ({ root }) => {
  const [name = ''] = readdirSync(join(root, 'log'));
  const file = join(root, 'log', name);
  writeFileSync(file, readFileSync(file, 'utf8').replace('default/3/extract-b', 'default/3/extract-c'));
  const { status, stdout } = await snapledgerRun('verify', '--root', root);
  assert.is(status, 3);
  assert.match(stdout, /^chain +1 finding /);
  assert.match(stdout, `${file}: byte `);
  assert.match(stdout, 'verify: damaged');
  for (const command of ['log', 'tree']) {
    const refused = await snapledgerRun(command, '--root', root);
    assert.is(refused.status, 3, command);
    assert.match(refused.stderr, /^snapledger: .*position 5/);
  }
});

test('end quietly when their reader ends', async ({ root }) => {
  const many = Array.from({ length: 3000 }, (_, at) => prepared(100 + at, `default/${at}/${'x'.repeat(80)}`));
  await append(root, many);
  const child = spawn(process.execPath, [daemonFile, 'log', '--root', root], { stdio: ['ignore', 'pipe', 'pipe'] });
  let stderr = '';
  child.stderr.on('data', (part: Buffer) => {
    stderr += part;
  });
  child.stdout.once('data', () => child.stdout.destroy());
  const [status] = await once(child, 'exit');
  assert.equal([status, stderr], [0, '']);
});

test('follow the log as it grows', async ({ root, sandbox }) => {
  const args = ['log', '--follow', '--json', '-n', '1', '--root', root];
  const child = spawn(process.execPath, [daemonFile, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exit = once(child, 'exit');
  sandbox.atEnd(async () => {
    child.kill('SIGKILL');
    await exit;
  });
  let text = '';
  child.stdout.on('data', (part: Buffer) => {
    text += part;
  });
  const positions = () =>
    text
      .trimEnd()
      .split('\n')
      .map((line) => Number(JSON.parse(line).position));
  const shown = (count: number) => () => text.trimEnd().split('\n').length === count && text.endsWith('\n');
  await waitFor('the newest event', shown(1));
  const directory = join(root, 'log');
  const { log } = await openFileEventLog({ directory, store, preallocate: () => {} });
  sandbox.atEnd(() => log.close());
  const sizes: number[] = [];
  for (const [index, key] of ['later', 'latest'].entries()) {
    await log.append(enveloped([prepared(9 + index, key)], log.end.position), { flush: 'now' });
    sizes.push(statSync(join(directory, readdirSync(directory)[0] ?? '')).size);
    await waitFor('the appended event', shown(2 + index));
  }
  assert.equal(positions(), [13, 14, 15]);
  assert.is(sizes[0], sizes[1], 'the second event is written into zeros');
});

test.run();
