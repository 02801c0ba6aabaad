import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { run } from './run.ts';

/** The folder of Debian's Go package sources. */
const gopath = '/usr/share/gocode';
const limit = 600_000;

/**
 * Builds a Go program of one source file, once for every state of its source and of the compiler; `go` is the command that
 * builds, without its output and its package. Of several processes one builds and the others wait. Resolves with the path of the
 * executable.
 */
export async function buildGo(name: string, source: string, go: readonly string[]): Promise<string> {
  const { stdout: compiler } = await run('go', ['version']);
  const state = createHash('sha256').update(compiler).update(readFileSync(source)).digest('hex').slice(0, 16);
  const folder = resolve('.cache', name);
  const executable = `${folder}/${name}-${state}`;
  mkdirSync(folder, { recursive: true });
  const build = [...go, '-o', `${executable}.new`, `./${dirname(source)}`];
  const script = '[ -e "$0" ] || { go "$@" && mv "$0.new" "$0"; }';
  await run('flock', [`${folder}/lock`, 'sh', '-c', script, executable, ...build], {
    env: { GOPATH: gopath, GO111MODULE: 'off', GOFLAGS: '' },
    limit,
  });
  return executable;
}

/** The client that pulls as CRI does: `ctr images pull` fetches all layers before it asks the snapshotter for any. */
export const buildPuller = (): Promise<string> => buildGo('puller', 'test/e2e/puller/puller.go', ['build']);
