import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The newest installed server; undefined if there is none. */
export function programs(): { readonly bin: string; readonly version: string } | undefined {
  const root = '/usr/lib/postgresql';
  const versions = existsSync(root) ? readdirSync(root).sort((a, b) => Number(b) - Number(a)) : [];
  const version = versions.find((each) => existsSync(join(root, each, 'bin/initdb')));
  return version === undefined ? undefined : { bin: join(root, version, 'bin'), version };
}

/** The user that runs servers: they refuse to run as root. */
export function serverUser(): { readonly name: string; readonly uid: number; readonly gid: number } {
  const id = (option: string, name: string) => execFileSync('id', [option, name], { encoding: 'utf8' }).trim();
  const own = process.getuid?.() ?? 0;
  const name = own === 0 ? 'postgres' : id('-un', `${own}`);
  return { name, uid: Number(id('-u', name)), gid: Number(id('-g', name)) };
}

/** Copies a new cluster into a directory, which may exist if it is empty. Initialising one takes a second: the first caller of a build does. */
export function copyCluster(to: string): void {
  const { bin = '', version = '' } = programs() ?? {};
  const template = fileURLToPath(new URL(`../../../build/postgres-${version}`, import.meta.url));
  if (!existsSync(template)) initialise(bin, template);
  execFileSync('cp', ['-a', '-T', template, to]);
  chmodSync(to, 0o700);
}

function initialise(bin: string, template: string): void {
  const folder = mkdtempSync(join(tmpdir(), 'snapledger-initdb-'));
  const { uid, gid } = serverUser();
  chownSync(folder, uid, gid);
  const made = join(folder, 'data');
  const moved = `${template}.${process.pid}`;
  try {
    const flags = ['-D', made, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C.UTF-8', '--no-sync'];
    execFileSync(join(bin, 'initdb'), flags, { uid, gid, cwd: '/', stdio: ['ignore', 'ignore', 'pipe'] });
    execFileSync('cp', ['-a', made, moved]);
    // Another test that was faster has made the same.
    if (!existsSync(template)) renameSync(moved, template);
  } finally {
    rmSync(folder, { recursive: true, force: true });
    rmSync(moved, { recursive: true, force: true });
  }
}
