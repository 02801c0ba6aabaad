import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { run } from './run.ts';

const source = 'test/e2e/puller/puller.go';
/** Where Debian keeps Go packages' sources. */
const gopath = '/usr/share/gocode';

/**
 * Builds the client that pulls as CRI does, once for every state of its source and of the Go compiler: `ctr images pull`
 * fetches all layers before it asks the snapshotter for any. Resolves its path.
 */
export async function buildPuller(): Promise<string> {
  const { stdout: compiler } = await run('go', ['version']);
  const state = createHash('sha256').update(compiler).update(readFileSync(source)).digest('hex').slice(0, 16);
  const folder = resolve('.cache/puller');
  const executable = `${folder}/puller-${state}`;
  if (existsSync(executable)) return executable;
  mkdirSync(folder, { recursive: true });
  await run('go', ['build', '-o', executable, './test/e2e/puller'], {
    env: { GOPATH: gopath, GO111MODULE: 'off', GOFLAGS: '', GOCACHE: resolve('.cache/go') },
  });
  return executable;
}
