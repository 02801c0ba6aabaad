import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { operations } from '../../operations/shell.ts';
import { tools } from '../../support/containerd/tools.ts';
import { imageOf, layerOf } from '../../support/image/image.ts';
import { pushImage } from '../../support/image/push.ts';
import { startRegistry } from '../../support/registry.ts';
import { suiteNeeding } from '../../support/requirements.ts';
import { run } from '../../support/run.ts';
import { createSandbox, type Sandbox } from '../../support/sandbox.ts';
import { daemonFile } from '../../support/server.ts';
import { needs } from '../environment.ts';
import { base } from '../layers.ts';
import { createNode, type Node } from './node.ts';

const test = suiteNeeding('scripts that switch a node', ...needs());
const sandbox = createSandbox('switch-script');
test.after(() => sandbox.close());

const chapter = operations.split('\n### Take over a node from overlayfs\n')[1]?.split('\n### ')[0] ?? '';
const scripts = [...chapter.matchAll(/```bash\n(.*?)```/gs)].map(([, text = '']) => text);

/** Programs of the node, under the names in the scripts: `systemctl` asks this process, `snapledger` gets the paths of the sandbox. */
async function commands({ path, folder, atEnd }: Sandbox, node: Node): Promise<string> {
  const socket = join(path, 'units.sock');
  const server = createServer((connection) => {
    connection.once('data', (line) => {
      const [action = '', ...units] = line.toString().trim().split(' ');
      void Promise.all(units.map((unit) => node.unit(action, unit))).then(
        () => connection.end('done'),
        (error) => connection.end(String(error)),
      );
    });
  });
  await new Promise<void>((listening) => server.listen(socket, listening));
  atEnd(() => void server.close());
  const client = `const c = require('node:net').connect('${socket}', () => c.write(process.argv.slice(1).join(' ')));
    c.on('data', (text) => { if (String(text) !== 'done') { console.error(String(text)); process.exitCode = 1; } });`;
  const { main, dropIn, settings } = node.files;
  const version = (await run(tools.containerd, ['--version'])).stdout.trim().split(/\s+/)[2] ?? '';
  const program = `'${process.execPath}' '${daemonFile}'`;
  const flags = `'${dropIn}' --config '${settings}' --main '${main}' --containerd '${version}'`;
  const folderOf = folder('commands');
  for (const [name, text] of [
    ['systemctl', `exec '${process.execPath}' -e "$(cat <<'END'\n${client}\nEND\n)" "$@"`],
    ['snapledger', `case "$1" in containerd-config) exec ${program} "$@" ${flags};; *) exec ${program} "$@";; esac`],
  ] as const) {
    writeFileSync(join(folderOf, name), `#!/bin/sh\n${text}\n`);
    chmodSync(join(folderOf, name), 0o755);
  }
  return folderOf;
}

async function runScript(script: string | undefined, node: Node, folder: string): Promise<void> {
  const text = (script ?? '')
    .replaceAll('/var/lib/containerd/io.containerd.snapshotter.v1.overlayfs', node.root)
    .replaceAll('/etc/snapledger/config.toml', node.files.settings)
    .replaceAll('/etc/containerd/conf.d/snapledger.toml', node.files.dropIn);
  const env = { PATH: `${folder}:${process.env.PATH}` };
  const { status, stdout, stderr } = await run('bash', ['-c', text], { env, anyStatus: true });
  assert.is(status, 0, stdout + stderr);
}

test('scripts: switch a node with a running container, again, and back', async () => {
  const node = createNode(sandbox);
  const folder = await commands(sandbox, node);
  const registry = await startRegistry(sandbox);
  const image = await pushImage(registry, 'busybox', '1', imageOf([base()].map(layerOf), { Env: ['PATH=/bin'] }));
  writeFileSync(
    node.files.settings,
    readFileSync(node.files.settings, 'utf8').replace(node.root, sandbox.folder('other')),
  );
  await node.startContainerd();
  await node.pull(image);
  await node.ctr('run', '--detach', '--net-host', image, 'lasting', '/bin/sleep', '10000');
  const task = async () => (await node.ctr('tasks', 'list')).split('\n')[1];
  const running = await task();
  assert.match(running ?? '', /lasting\s+\d+\s+RUNNING/);
  for (const times of [1, 2]) {
    await runScript(scripts[0], node, folder);
    assert.is(await task(), running);
    await node.runOnce(image, `once-${times}`, 'true');
  }
  assert.ok(existsSync(join(node.root, 'log')));
  await runScript(scripts[1], node, folder);
  assert.is(await task(), running);
  await node.runOnce(image, 'back', 'true');
  assert.ok(existsSync(join(node.root, 'given-back/log')));
});

test.run();
