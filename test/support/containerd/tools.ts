import { execFileSync } from 'node:child_process';
import { existsSync, symlinkSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { type Missing, requireCommand } from '../requirements.ts';
import type { Sandbox } from '../sandbox.ts';
import { isAtLeast } from '../versions.ts';

const named = (variable: string): string | undefined => {
  const path = process.env[variable] ?? '';
  return path === '' ? undefined : resolve(path);
};

const variables = { containerd: 'CONTAINERD', ctr: 'CTR', runc: 'RUNC' } as const;

/** The commands of the containerd under test: the paths in CONTAINERD, CTR and RUNC, otherwise those on PATH. */
export const tools = {
  containerd: named(variables.containerd) ?? 'containerd',
  ctr: named(variables.ctr) ?? 'ctr',
  runc: named(variables.runc) ?? 'runc',
};

type Tool = keyof typeof tools;

/** What is missing of commands of the containerd under test; ctr has to be of containerd's own version. */
export function requireTools(...names: readonly Tool[]): Missing {
  for (const name of names) {
    const missing = requireCommand(tools[name]);
    if (missing !== undefined) return tools[name] === name ? missing : `${missing} (${variables[name]})`;
  }
  const [server, client] = [releaseOf('containerd'), names.includes('ctr') ? releaseOf('ctr') : undefined];
  if (client === undefined || client === server) return undefined;
  return `needs a ctr of containerd ${server}, and ${tools.ctr} is of ${client} (CTR)`;
}

const releases = new Map<Tool, string>();

function releaseOf(tool: 'containerd' | 'ctr'): string {
  const known = releases.get(tool);
  if (known !== undefined) return known;
  const printed = execFileSync(tools[tool], ['--version'], { encoding: 'utf8' });
  const [, text = ''] = / v?(\d+\.\d+\.\d+[^\s~]*)/.exec(printed) ?? [];
  if (text === '') throw new Error(`${tools[tool]} --version prints no version: ${printed}`);
  releases.set(tool, text);
  return text;
}

/** The version of the containerd under test. */
export const containerdVersion = (): string => releaseOf('containerd');

/** Whether the containerd under test is of this version or a later one: `isContainerd(1, 7, 16)`. */
export const isContainerd = (...version: readonly number[]): boolean =>
  isAtLeast(containerdVersion(), version.join('.'));

/**
 * The PATH for containerd: its own directory first, so that it starts the shim beside it, and runc under that name. containerd
 * passes it on to the shim, and both look for their commands there.
 */
export function pathForContainerd(sandbox: Sandbox): string {
  const path = process.env.PATH ?? '';
  const folders = tools.containerd === 'containerd' ? [path] : [dirname(tools.containerd), path];
  if (tools.runc === 'runc') return folders.join(':');
  const folder = sandbox.folder('bin');
  if (!existsSync(join(folder, 'runc'))) symlinkSync(tools.runc, join(folder, 'runc'));
  return [folder, ...folders].join(':');
}
