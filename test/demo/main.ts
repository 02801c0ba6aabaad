import { requireTools } from '../support/containerd/tools.ts';
import { requireCommand, requireFileSystem, requireRoot } from '../support/requirements.ts';
import { closeSandboxesOnSignal, createSandbox } from '../support/sandbox.ts';
import { demoInMemory } from './in-memory.ts';
import { heading, say } from './say.ts';
import { demoWithContainerd } from './with-containerd.ts';

const missing = [
  requireRoot(),
  requireFileSystem('overlay'),
  ...['docker-registry', 'busybox'].map(requireCommand),
  requireTools('containerd', 'ctr', 'runc'),
].filter((reason) => reason !== undefined);

const sandbox = createSandbox('demo');
closeSandboxesOnSignal();

try {
  if (missing.length > 0) say(`Continuing without containerd: it ${missing[0]}.`);
  await (missing.length > 0 ? demoInMemory(sandbox) : demoWithContainerd(sandbox));
} catch (error) {
  console.error(error);
  process.exitCode = 1;
} finally {
  heading('Cleaning up');
  await sandbox.close();
  say('processes ended, mounts and files removed');
}
