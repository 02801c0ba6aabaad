import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { requirePostgres } from '../support/postgres.ts';
import { requireFileSystem, suiteNeeding } from '../support/requirements.ts';
import { run } from '../support/run.ts';
import { waitFor } from '../support/wait-for.ts';

const test = suiteNeeding('the demo of a fleet', requireFileSystem('overlay'), requirePostgres());

test('demo of a fleet: brings up three nodes and their index, answers the question that it prints, and ends by SIGINT', async () => {
  const { KURRENTDB_URL: _, ...env } = process.env;
  const demo = spawn(process.execPath, [new URL('../demo/fleet.js', import.meta.url).pathname], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env,
  });
  let shown = '';
  demo.stdout.on('data', (text: Buffer) => {
    shown += text;
  });
  const exit = once(demo, 'exit');
  try {
    await waitFor('the question', () => {
      if (demo.exitCode !== null) throw new Error(`it ended:\n${shown}`);
      return shown.includes('Ctrl-C ends all of it.');
    });
    assert.match(shown, /node-1[\s\S]*node-2[\s\S]*node-3/);
    assert.match(shown, /node-3 .*lost.*k8s\.io\/4\/batch/);
    const [, question = ''] = /^ {3}(node .* fleet holds .*)$/m.exec(shown) ?? [];
    const { stdout } = await run('bash', ['-c', question]);
    assert.match(stdout, /node-1/);
    assert.match(stdout, /web-of-node-3/);
  } finally {
    demo.kill('SIGINT');
    const [status] = await exit;
    assert.is(status, 130);
  }
  assert.not.ok(existsSync('build/fleet.toml'));
});

test.run();
