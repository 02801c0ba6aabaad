import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createSystem } from '../../../src/adapters/system/system.ts';
import type { Fault } from '../../../src/ports/fault.ts';
import { createLoop } from '../../support/loop.ts';
import { requireCommand, requireFileSystem, requireRoot, suiteNeeding } from '../../support/requirements.ts';
import { run } from '../../support/run.ts';
import { createSandbox } from '../../support/sandbox.ts';
import { waitFor } from '../../support/wait-for.ts';

const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
const adapter = new URL(`../../../src/adapters/system/system.${extension}`, import.meta.url);

const clock = suite('system: clock');

clock('returns the current millisecond', () => {
  const system = createSystem();
  for (let n = 0; n < 2000; n++) {
    const before = BigInt(Date.now()) * 1_000_000n;
    const now = system.now();
    const after = BigInt(Date.now() + 1) * 1_000_000n;
    assert.ok(before <= now && now <= after, `${before} <= ${now} <= ${after}`);
  }
});

clock('returns distinct times within one millisecond', () => {
  const system = createSystem();
  const times = new Set(Array.from({ length: 1000 }, () => system.now()));
  assert.ok(times.size > 100, `${times.size} times`);
});

clock('counts whole milliseconds since boot', () => {
  const system = createSystem();
  const sinceBoot = () => Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]) * 1000;
  // The kernel prints hundredths of a second, rounded down.
  const before = sinceBoot() - 1;
  const uptime = system.uptime();
  assert.ok(before <= uptime && uptime <= sinceBoot() + 11, `${before} <= ${uptime}`);
  assert.ok(Number.isSafeInteger(uptime));
});

clock.run();

const writing = suite('system: data of files');

writing('is written for any number of callers at the same time', async () => {
  const sandbox = createSandbox('write');
  const file = `${sandbox.folder('files')}/file`;
  writeFileSync(file, 'data');
  const fd = openSync(file, 'r');
  const { writeData } = createSystem();
  await Promise.all(Array.from({ length: 2_000 }, () => writeData(fd)));
  closeSync(fd);
  const refused = await Promise.allSettled(Array.from({ length: 2_000 }, () => writeData(-1)));
  assert.ok(refused.every(({ status }) => status === 'rejected'));
  await sandbox.close();
});

writing.run();

const readOnly = suiteNeeding('system: lock on a read-only file system', requireRoot());

readOnly('is taken on a read-only file, and refused if none can be created', async () => {
  const sandbox = createSandbox('lock');
  const folder = sandbox.folder('root');
  writeFileSync(`${folder}/lock`, '');
  await run('mount', ['--bind', folder, folder]);
  await run('mount', ['-o', 'remount,bind,ro', folder]);
  const held = await createSystem().lock(`${folder}/lock`);
  assert.ok(held);
  assert.is(await createSystem().lock(`${folder}/lock`), undefined);
  await held.release();
  await rejectsWith(() => createSystem().lock(`${folder}/other`), 'read-only');
  await sandbox.close();
});

readOnly.run();

const lock = suite('system: lock');

lock('is exclusive, and can be taken again after release', async () => {
  const sandbox = createSandbox('lock');
  const path = `${sandbox.path}/lock`;
  const first = await createSystem().lock(path);
  assert.ok(first);
  assert.is(await createSystem().lock(path), undefined);
  await first.release();
  await first.release();
  const second = await createSystem().lock(path);
  assert.ok(second);
  await second.release();
  await sandbox.close();
});

lock('keeps the content of the file', async () => {
  const sandbox = createSandbox('lock');
  const path = `${sandbox.path}/lock`;
  writeFileSync(path, 'who holds it');
  const held = await createSystem().lock(path);
  await held?.release();
  assert.is(readFileSync(path, 'utf8'), 'who holds it');
  await sandbox.close();
});

lock('reports why a lock cannot be taken', async () => {
  await rejectsWith(() => createSystem().lock('/proc/version/lock'), 'io');
});

lock('is free again when its holder is killed', async () => {
  const sandbox = createSandbox('lock');
  const path = `${sandbox.path}/lock`;
  const holder = await holdElsewhere(path);
  try {
    assert.is(await createSystem().lock(path), undefined);
  } finally {
    holder.kill('SIGKILL');
  }
  await once(holder, 'exit');
  await waitFor('the lock of a killed process', async () => {
    const taken = await createSystem().lock(path);
    await taken?.release();
    return taken !== undefined;
  });
  await sandbox.close();
});

lock.run();

/** Another process that takes the lock and then waits for its end. */
async function holdElsewhere(path: string): Promise<ChildProcess> {
  const program = `
    const { createSystem } = await import(${JSON.stringify(adapter.href)});
    const held = await createSystem().lock(${JSON.stringify(path)});
    console.log(held === undefined ? 'refused' : 'held');
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [word] = await once(child.stdout, 'data');
  assert.is(String(word), 'held\n');
  return child;
}

const disk = suiteNeeding('system: disk', requireFileSystem('ext4'), requireCommand('xfs_io'));

disk('preallocates blocks and keeps the size', async () => {
  const sandbox = createSandbox('reserve');
  const fd = openSync(`${sandbox.path}/file`, 'w');
  createSystem().preallocate(fd, 4096, 1 << 20);
  closeSync(fd);
  const { size, blocks } = statSync(`${sandbox.path}/file`);
  assert.is(size, 0);
  assert.ok(blocks * 512 >= 1 << 20, `${blocks} blocks`);
  await sandbox.close();
});

disk('reports no-space if a preallocation does not fit', () => {
  const loop = createLoop('ext4');
  const fd = openSync(`${loop.path}/file`, 'w');
  try {
    throwsWith(() => createSystem().preallocate(fd, 0, 1 << 30), 'no-space');
  } finally {
    closeSync(fd);
    loop.end();
  }
});

disk('reports unsupported if blocks cannot be preallocated', () => {
  const fd = openSync('/proc/self/comm', 'r+');
  try {
    throwsWith(() => createSystem().preallocate(fd, 0, 4096), 'unsupported');
  } finally {
    closeSync(fd);
  }
});

disk('flushes a file system, also for concurrent calls', async () => {
  const system = createSystem();
  const sandbox = createSandbox('flush');
  await Promise.all(Array.from({ length: 8 }, () => system.syncFileSystem(sandbox.path)));
  await sandbox.close();
});

disk('reports a flush that did not reach the disk', async () => {
  const loop = createLoop('ext4');
  try {
    loop.cutPower();
    await rejectsWith(() => createSystem().syncFileSystem(loop.path), 'io');
  } finally {
    loop.end();
  }
});

disk('reports a missing path to flush', async () => {
  await rejectsWith(() => createSystem().syncFileSystem('/nowhere/at/all'), 'io');
});

disk.run();

/** Prints every datagram that it receives; says `ready` when it listens. A leading @ stands for an abstract name. */
const receiver = `
  use Socket; $| = 1;
  my $name = $ARGV[0]; $name =~ s/^@/\\0/;
  socket(my $s, AF_UNIX, SOCK_DGRAM, 0) or die $!;
  bind($s, pack_sockaddr_un($name)) or die $!;
  print "ready\\n";
  while (defined recv($s, my $message, 4096, 0)) { print "$message\\n" }`;

const notify = suiteNeeding('system: notify', requireCommand('perl'));

for (const [kind, address] of [
  ['a path', (folder: string) => `${folder}/notify`],
  ['an abstract name', () => `@snapledger-notify-${process.pid}`],
] as const)
  notify(`notifies the service manager of ${kind}`, async () => {
    const sandbox = createSandbox('notify');
    const socket = address(sandbox.path);
    const child = spawn('perl', ['-e', receiver, socket], { stdio: ['ignore', 'pipe', 'inherit'] });
    const said: string[] = [];
    child.stdout.on('data', (data) => said.push(String(data)));
    const hears = (line: string) => waitFor(line, () => said.join('').split('\n').includes(line));
    try {
      await hears('ready');
      process.env.NOTIFY_SOCKET = socket;
      await createSystem().notify('READY=1\nSTATUS=all is well');
      await hears('READY=1');
      await hears('STATUS=all is well');
    } finally {
      delete process.env.NOTIFY_SOCKET;
      child.kill();
      await once(child, 'close');
      await sandbox.close();
    }
  });

notify('is silent without a service manager', async () => {
  delete process.env.NOTIFY_SOCKET;
  await createSystem().notify('READY=1');
});

notify('reports that nothing listens', async () => {
  process.env.NOTIFY_SOCKET = '/nowhere/at/all';
  try {
    await rejectsWith(() => createSystem().notify('READY=1'), 'io');
  } finally {
    delete process.env.NOTIFY_SOCKET;
  }
});

notify.run();

async function rejectsWith(act: () => Promise<unknown>, code: Fault['code']): Promise<void> {
  try {
    await act();
  } catch (error) {
    isFault(error, code);
    return;
  }
  assert.unreachable(`expected a fault: ${code}`);
}

function throwsWith(act: () => void, code: Fault['code']): void {
  assert.throws(act, (error: unknown) => {
    isFault(error, code);
    return true;
  });
}

function isFault(error: unknown, code: Fault['code']): void {
  const fault = error as Fault;
  assert.is(fault.name, 'Fault', String(error));
  assert.is(fault.code, code, fault.message);
  assert.ok(fault.hint.length > 0);
}
