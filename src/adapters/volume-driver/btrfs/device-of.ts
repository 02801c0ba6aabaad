import { readFileSync } from 'node:fs';
import { Fault } from '../../../ports/fault.ts';

/**
 * The device to mount for the file system that holds a path: that of the mount which the path lies on, be it of the whole
 * file system, of a subvolume or a bind mount. Source: proc(5), mountinfo.
 */
export function deviceOf(path: string, mountinfo = readFileSync('/proc/self/mountinfo', 'utf8')): string {
  let device: string | undefined;
  let longest = -1;
  for (const line of mountinfo.split('\n')) {
    const [before = '', after = ''] = line.split(' - ');
    const point = unescaped(before.split(' ')[4] ?? '');
    // Of mounts on one point the last is on top.
    if (point.length < longest || !contains(point, path)) continue;
    const [type, source] = after.split(' ');
    longest = point.length;
    device = type === 'btrfs' && source !== undefined ? unescaped(source) : undefined;
  }
  if (device?.startsWith('/')) return device;
  throw new Fault('unsupported', `root ${path}: its mount tells no device: ${device ?? 'none'}`, {
    hint: 'mount the btrfs file system by its device, in this mount namespace',
  });
}

const contains = (point: string, path: string) =>
  point !== '' && (point === '/' || point === path || path.startsWith(`${point}/`));

/** The kernel writes blanks, line ends and backslashes as octal numbers. */
const unescaped = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
