import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { run } from '../support/run.ts';

const source = 'test/conformance/suite/suite_test.go';
/** Where Debian keeps Go packages' sources. */
const gopath = '/usr/share/gocode';

/** Builds the suite's executable, once for every state of its source and of the Go compiler. Resolves its path. */
export async function buildSuite(): Promise<string> {
  const { stdout: compiler } = await run('go', ['version']);
  const state = createHash('sha256').update(compiler).update(readFileSync(source)).digest('hex').slice(0, 16);
  const folder = resolve('.cache/conformance');
  const executable = `${folder}/suite-${state}`;
  if (existsSync(executable)) return executable;
  mkdirSync(folder, { recursive: true });
  await run('go', ['test', '-c', '-o', executable, './test/conformance/suite'], {
    env: { GOPATH: gopath, GO111MODULE: 'off', GOFLAGS: '', GOCACHE: resolve('.cache/go') },
  });
  return executable;
}
