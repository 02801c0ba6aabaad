import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { run } from '../support/run.ts';
import { createSandbox } from '../support/sandbox.ts';
import { daemonFile } from '../support/server.ts';
import { snapledgerRun } from './process.ts';

const test = suite('snapledger');
const sandbox = createSandbox('usage');
test.after(() => sandbox.close());

const commands = ['serve', 'log', 'tree', 'stat', 'verify', 'reconcile', 'containerd-config'];

test('shows help and version', async () => {
  const help = await snapledgerRun('--help');
  assert.is(help.status, 0);
  for (const command of commands) assert.match(help.stdout, `  ${command} `);
  const version = await snapledgerRun('--version');
  assert.equal([version.status, version.stdout.trim()], [0, '0.1.0']);
});

test('shows help of every command', async () => {
  await Promise.all(
    commands.map(async (command) => {
      const { status, stdout } = await snapledgerRun(command, '--help');
      assert.is(status, 0, command);
      assert.match(stdout, `Usage: snapledger ${command} `);
    }),
  );
});

const misuses: readonly (readonly [args: readonly string[], message: string])[] = [
  [['verfy'], "snapledger: unknown command 'verfy'\n(Did you mean verify?)"],
  [['tree', '--rot', '/x'], "snapledger: unknown option '--rot'\n(Did you mean --root?)"],
  [['stat'], "snapledger: missing required argument 'key'"],
  [['tree', 'extra'], "snapledger: too many arguments for 'tree'"],
  [['log', '--from', 'x'], 'snapledger: --from: expected a position from 1 to 9223372036854775807, found "x"\nhint: '],
  [['log', '-n', '0'], 'snapledger: --lines: expected a whole number of at least 1, found "0"\nhint: '],
  [['log', 'a', '--key', 'b'], 'snapledger: log: two keys are given\nhint: '],
  [
    ['serve', '--driver', 'zfs'],
    'snapledger: --driver: expected one of "overlay", "btrfs", "memory", found "zfs"\nhint: ',
  ],
  [['serve', '--root', ''], 'snapledger: --root: expected an absolute path, found ""\nhint: '],
  [['serve', '--config', '/nowhere.toml'], 'snapledger: /nowhere.toml: there is no such file\nhint: '],
  [
    ['containerd-config', '--containerd', 'two'],
    'snapledger: --containerd: expected a version as "2.3" or "1.7.28", found',
  ],
  [['tree', '--root', '/nowhere'], 'snapledger: /nowhere: there is no such directory\nhint: '],
];

for (const [args, message] of misuses) {
  test(`refuses ${args.join(' ')} with exit status 2`, async () => {
    const { status, stdout, stderr } = await snapledgerRun(...args);
    assert.equal([status, stdout], [2, '']);
    assert.is(stderr.slice(0, message.length), message);
  });
}

test('accepts paths relative to the working directory', async () => {
  const within = (...args: readonly string[]) =>
    run('sh', ['-c', 'cd "$0" && exec "$@"', sandbox.path, process.execPath, daemonFile, ...args], { anyStatus: true });
  const { status, stderr } = await within('tree', '--root', 'nowhere');
  assert.is(status, 2);
  assert.match(stderr, `${sandbox.path}/nowhere: there is no such directory`);
  const { stdout } = await within('containerd-config', '--address', './s.sock');
  assert.match(stdout, `address = "${sandbox.path}/s.sock"`);
});

test('refuses a root that is a file or holds no log', async () => {
  const file = join(sandbox.path, 'file');
  writeFileSync(file, '');
  mkdirSync(join(sandbox.path, 'empty', 'log'), { recursive: true });
  for (const command of [['log'], ['stat', 'k'], ['verify'], ['reconcile']]) {
    const onFile = await snapledgerRun(...command, '--root', file);
    assert.equal([onFile.status, onFile.stderr.split('\n')[0]], [2, `snapledger: ${file}: is not a directory`]);
    const onEmpty = await snapledgerRun(...command, '--root', join(sandbox.path, 'empty'));
    assert.equal(
      [onEmpty.status, onEmpty.stderr.split('\n')[0]],
      [2, `snapledger: ${sandbox.path}/empty: holds no log`],
    );
  }
});

test.run();
