import { resolve } from 'node:path';
import { run } from '../support/run.ts';

/** The folder of Debian's Go package sources. */
const gopath = '/usr/share/gocode';

/** The programs in Go: containerd's own drivers behind a socket, and the one client that drives every server. */
export interface Tools {
  readonly peer: string;
  readonly load: string;
}

/** Builds the programs, as far as they are not built yet. */
export async function buildTools(): Promise<Tools> {
  const tools = { peer: resolve('.cache/bench/peer'), load: resolve('.cache/bench/load') };
  const env = { GOPATH: gopath, GO111MODULE: 'off', GOFLAGS: '', GOCACHE: resolve('.cache/go') };
  for (const [name, path] of Object.entries(tools))
    await run('go', ['build', '-o', path, `./test/bench/${name}`], { env, limit: 600_000 });
  return tools;
}
