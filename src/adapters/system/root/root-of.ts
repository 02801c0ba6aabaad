import { hash } from 'node:crypto';
import { readFileSync, realpathSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import type { Root } from '../../../../events/store-events.ts';

/**
 * Names a directory as the root of a store. Its id follows from the machine, the path and the inode, none of which a copy
 * takes along; the device is left out, since its number may change with every boot. Moved, or copied back from a backup, a
 * root has another id.
 */
export function rootOf(directory: string): Root {
  const path = realpathSync(directory);
  const host = hostname();
  const parts = ['snapledger.root.v1', machineId() ?? host, path, String(statSync(path).ino)];
  return { id: hash('sha256', parts.join('\0')).slice(0, 16), host, path };
}

/** Undefined in containers and other places that have none. */
function machineId(): string | undefined {
  try {
    return readFileSync('/etc/machine-id', 'utf8').trim() || undefined;
  } catch {
    return undefined;
  }
}
