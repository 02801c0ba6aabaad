import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startDaemon } from './daemon.ts';
import { freePort } from './free-port.ts';
import type { Sandbox } from './sandbox.ts';

/** Starts a registry of images on a free port of loopback, with its storage in the sandbox. Resolves `host:port`. */
export async function startRegistry(sandbox: Sandbox): Promise<string> {
  const port = await freePort();
  const config = join(sandbox.path, 'registry.yml');
  writeFileSync(
    config,
    [
      'version: 0.1',
      'log: { level: warn }',
      `storage: { filesystem: { rootdirectory: ${sandbox.folder('registry')} } }`,
      `http: { addr: "127.0.0.1:${port}" }`,
      '',
    ].join('\n'),
  );
  await startDaemon({
    command: ['docker-registry', 'serve', config],
    address: port,
    log: join(sandbox.path, 'registry.log'),
    sandbox,
  });
  return `127.0.0.1:${port}`;
}
