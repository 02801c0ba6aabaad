import { readlinkSync, statSync } from 'node:fs';
import { basename } from 'node:path';

/** The kernel's name of the block device that a path lies on; undefined where there is none (btrfs, tmpfs). */
export function blockDeviceOf(path: string): string | undefined {
  const { dev } = statSync(path, { bigint: true });
  const major = (dev >> 8n) & 0xfffn;
  const minor = (dev & 0xffn) | ((dev >> 12n) & 0xfff00n);
  try {
    return basename(readlinkSync(`/sys/dev/block/${major}:${minor}`));
  } catch {
    return undefined;
  }
}
