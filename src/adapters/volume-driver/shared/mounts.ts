import { readFileSync } from 'node:fs';

/** A mount as this process sees it. */
interface MountPoint {
  readonly point: string;
  readonly type: string;
  readonly source: string;
}

/** The table of mounts; of several on one point the last is on top. Source: proc(5), mountinfo. */
export function mountPoints(mountinfo = readFileSync('/proc/self/mountinfo', 'utf8')): readonly MountPoint[] {
  return mountinfo.split('\n').flatMap((line) => {
    const [before = '', after = ''] = line.split(' - ');
    const [type = '', source = ''] = after.split(' ');
    const point = unescaped(before.split(' ')[4] ?? '');
    return point === '' ? [] : [{ point, type, source: unescaped(source) }];
  });
}

/** Whether a path is at or below another. */
export const isWithin = (path: string, above: string): boolean =>
  above === '/' || path === above || path.startsWith(`${above}/`);

/** The kernel writes blanks, line ends and backslashes as octal numbers. */
const unescaped = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
