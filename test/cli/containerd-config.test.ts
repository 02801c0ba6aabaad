import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { requireCommand, suiteNeeding } from '../support/requirements.ts';
import { run } from '../support/run.ts';
import { createSandbox } from '../support/sandbox.ts';
import { snapledgerRun } from './process.ts';

const test = suiteNeeding('containerd-config', requireCommand('containerd'));
const sandbox = createSandbox('containerd-config');
test.after(() => sandbox.close());

test('prints what the installed containerd loads', async () => {
  const settings = join(sandbox.path, 'snapledger.toml');
  writeFileSync(settings, '[overlay]\nremap_ids = true\n');
  const printed = await snapledgerRun('containerd-config', '--config', settings, '--address', '/run/x.sock', '--cri');
  const file = join(sandbox.path, 'containerd.toml');
  writeFileSync(file, `version = 2\n${printed.stdout}`);
  const { stdout } = await run('containerd', ['--config', file, 'config', 'dump']);
  assert.match(stdout, /\[proxy_plugins\.snapledger\]\n\s+address = "\/run\/x\.sock"\n/);
  assert.match(stdout, 'snapshotter = "snapledger"');
});

test.run();
