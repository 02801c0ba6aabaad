import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { requireFileSystem, suiteNeeding } from './requirements.ts';
import { createSandbox } from './sandbox.ts';
import { waitFor } from './wait-for.ts';

const test = suiteNeeding('sandbox', requireFileSystem('ext4'));

for (const [signal, status] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)
  test(`sandbox: ${signal}, once or repeated, ends its processes and removes its mounts, loop devices and files`, async () => {
    const sandbox = createSandbox('signal-test');
    try {
      const report = join(sandbox.path, 'report');
      const program = join(import.meta.dirname, 'sandbox.fixture.js');
      const child = spawn(process.execPath, [program, report], { stdio: 'inherit' });
      sandbox.atEnd(() => void child.kill('SIGKILL'));
      const exit = once(child, 'exit');
      await waitFor('the fixture', () => existsSync(report) && readFileSync(report, 'utf8').endsWith('}'));
      const { path, loop, mounted, server } = JSON.parse(readFileSync(report, 'utf8'));
      const command = Number(readFileSync(join(path, 'pid'), 'utf8'));
      const holds = () => ({
        files: existsSync(path),
        mount: readFileSync('/proc/self/mounts', 'utf8').includes(` ${mounted} `),
        device: existsSync(`/sys/block/${loop.slice('/dev/'.length)}/loop/backing_file`),
        server: existsSync(`/proc/${server}`),
        command: existsSync(`/proc/${command}`),
      });
      assert.equal(holds(), { files: true, mount: true, device: true, server: true, command: true });
      const repeated = setInterval(() => child.kill(signal), 5);
      child.kill(signal);
      assert.equal(await exit.finally(() => clearInterval(repeated)), [status, null]);
      // init may take a moment to reap what was killed.
      await waitFor('the command to be gone', () => !existsSync(`/proc/${command}`));
      assert.equal(holds(), { files: false, mount: false, device: false, server: false, command: false });
    } finally {
      await sandbox.close();
    }
  });

test.run();
