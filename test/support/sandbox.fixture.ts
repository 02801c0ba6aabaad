import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startDaemon } from './daemon.ts';
import { createLoop } from './loop.ts';
import { run } from './run.ts';
import { closeSandboxesOnSignal, createSandbox } from './sandbox.ts';

/** Holds a loop device with a file system, a server and a command in a sandbox until it is ended. `sandbox.fixture.js FILE`: prints into it what it holds. */
const [report = ''] = process.argv.slice(2);
closeSandboxesOnSignal();
const sandbox = createSandbox('signal');
try {
  const loop = createLoop('ext4');
  sandbox.atEnd(loop.end);
  const address = join(sandbox.path, 's.sock');
  const server = "require('node:net').createServer().listen(process.argv[1])";
  const { pid } = await startDaemon({
    command: [process.execPath, '-e', server, address],
    address,
    log: join(sandbox.path, 'log'),
    sandbox,
  });
  const sleeping = run('sh', ['-c', `echo $$ >${sandbox.path}/pid; exec sleep 600`]);
  await run('sh', ['-c', `until [ -s ${sandbox.path}/pid ]; do sleep 0.05; done`]);
  writeFileSync(report, JSON.stringify({ path: sandbox.path, loop: loop.device, mounted: loop.path, server: pid }));
  await sleeping;
} finally {
  await sandbox.close();
}
