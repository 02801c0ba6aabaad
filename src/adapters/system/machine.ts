import { hash } from 'node:crypto';
import { readFileSync, realpathSync, statSync } from 'node:fs';
import { hostname, release } from 'node:os';
import type { Node, Root } from '../../../events/store-events.ts';
import { fileSystemOf } from './file-system.ts';

/**
 * The kernel's boot id: if it differs from the last opening's, that was ended by a power cut rather than a crash. Tests that
 * cut the power of a loop device set SNAPLEDGER_BOOT_ID.
 */
export function bootId(): string {
  return process.env.SNAPLEDGER_BOOT_ID ?? readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}

/**
 * Identifies a directory as the root of a store. Its id is made of the machine, the path and the inode, none of which a copy
 * keeps; the device is left out, since its id may change with every boot. A root that was moved, or copied back from a
 * backup, has another id.
 */
export function rootOf(directory: string): Root {
  const path = realpathSync(directory);
  const host = hostname();
  const parts = ['snapledger.root.v1', machineId() ?? host, path, String(statSync(path).ino)];
  return { id: hash('sha256', parts.join('\0')).slice(0, 16), host, path };
}

/** The machine that a root is on, under a name, or the host's if that is null. Throws a Fault. */
export function nodeOf(root: string, name: string | null): Node {
  const { type, bytes } = fileSystemOf(root);
  return { name: name ?? hostname(), kernel: release(), fileSystem: type, bytes };
}

/** Go's names of architectures that Node calls otherwise. Source: go.dev/doc/install/source */
const goNames: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386', ppc64: 'ppc64le' };

/** The architecture of this machine as images name it. */
export const goArchitecture = (): string => goNames[process.arch] ?? process.arch;

/** Undefined in containers and other places that have none. */
function machineId(): string | undefined {
  try {
    return readFileSync('/etc/machine-id', 'utf8').trim() || undefined;
  } catch {
    return undefined;
  }
}
