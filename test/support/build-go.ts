import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Missing, requireCommand } from './requirements.ts';
import { run } from './run.ts';
import { isAtLeast } from './versions.ts';

interface GoProgram {
  readonly name: string;
  /** its sources: one package */
  readonly folder: string;
  /** the command that builds it, without its output */
  readonly command: readonly string[];
  /** its folder is a module; otherwise it is built from Debian's packages of Go sources */
  readonly module?: boolean;
}

const limit = 600_000;
const gopath = { GO111MODULE: 'off', GOPATH: '/usr/share/gocode', GOFLAGS: '' };
/** Go downloads no other Go, and uses what go.mod and go.sum name. */
const module = { GO111MODULE: 'on', GOTOOLCHAIN: 'local', GOFLAGS: '-mod=readonly' };

/** `go version` in words, and its number. */
async function installedGo(): Promise<{ readonly text: string; readonly version: string }> {
  const { stdout: text } = await run('go', ['version'], { env: { GOTOOLCHAIN: 'local' } });
  return { text, version: / go(\d[\d.]*)/.exec(text)?.[1] ?? '0' };
}

/** Why a program that uses containerd's sources can't be built here, unless it is a module. */
export function requireContainerdSources(): Missing {
  const isThere = existsSync(`${gopath.GOPATH}/src/github.com/containerd/containerd`);
  return requireCommand('go') ?? (isThere ? undefined : 'needs the package golang-github-containerd-containerd-dev');
}

/** Why a module can't be built here: the Go on PATH is older than go.mod asks for, or its dependencies can't be downloaded. */
export async function requireModule(folder: string): Promise<Missing> {
  const missing = requireCommand('go');
  if (missing !== undefined) return missing;
  const [, needed = ''] = /^go (\S+)$/m.exec(readFileSync(join(folder, 'go.mod'), 'utf8')) ?? [];
  const { version } = await installedGo();
  if (!isAtLeast(version, needed)) return `needs Go ${needed}, and this is ${version}`;
  const { status, stderr } = await run('go', ['-C', folder, 'mod', 'download'], {
    env: module,
    limit,
    anyStatus: true,
  });
  return status === 0 ? undefined : `needs Go modules that can't be downloaded: ${stderr.trim().split('\n').at(-1)}`;
}

/**
 * Builds a Go program once for every state of its sources and of the compiler. Of several processes one builds and the others
 * wait. Resolves with the path of the executable.
 */
export async function buildGo(program: GoProgram): Promise<string> {
  const { name, folder, command, module: isModule = false } = program;
  const hash = createHash('sha256').update((await installedGo()).text);
  for (const file of readdirSync(folder).sort()) hash.update(readFileSync(join(folder, file)));
  const cache = resolve('.cache', name);
  const executable = `${cache}/${name}-${hash.digest('hex').slice(0, 16)}`;
  mkdirSync(cache, { recursive: true });
  const [verb = '', ...flags] = command;
  const build = isModule
    ? ['-C', folder, verb, ...flags, '-o', `${executable}.new`, '.']
    : [verb, ...flags, '-o', `${executable}.new`, `./${folder}`];
  const script = '[ -e "$0" ] || { go "$@" && mv "$0.new" "$0"; }';
  const env = isModule ? module : gopath;
  await run('flock', [`${cache}/lock`, 'sh', '-c', script, executable, ...build], { env, limit });
  return executable;
}

/** The client that pulls as CRI does: `ctr images pull` fetches all layers before it asks the snapshotter for any. */
export const buildPuller = (): Promise<string> =>
  buildGo({ name: 'puller', folder: 'test/e2e/puller', command: ['build'] });
