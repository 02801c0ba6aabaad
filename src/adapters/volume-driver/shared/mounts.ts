import { readFileSync } from 'node:fs';

/** A mount as this process sees it. */
export interface MountPoint {
  readonly point: string;
  readonly type: string;
  readonly source: string;
  /** of the mount and of its file system */
  readonly options: readonly string[];
}

/** The table of mounts; of several on one point the last is on top. Source: proc(5), mountinfo. */
export function mountPoints(mountinfo = readFileSync('/proc/self/mountinfo', 'utf8')): readonly MountPoint[] {
  return mountinfo.split('\n').flatMap((line) => {
    const [before = '', after = ''] = line.split(' - ');
    const [type = '', source = '', shared = ''] = after.split(' ');
    const [, , , , at = '', own = ''] = before.split(' ');
    const options = [...new Set([...own.split(','), ...shared.split(',')])];
    return at === '' ? [] : [{ point: unescaped(at), type, source: unescaped(source), options }];
  });
}

/** The mount that a real path is on. */
export function mountOf(path: string, mountinfo?: string): MountPoint | undefined {
  const above = mountPoints(mountinfo).filter(({ point }) => isWithin(path, point));
  const length = Math.max(...above.map(({ point }) => point.length));
  return above.findLast(({ point }) => point.length === length);
}

/** Whether a path is at or below another. */
export const isWithin = (path: string, above: string): boolean =>
  above === '/' || path === above || path.startsWith(`${above}/`);

/** The kernel writes blanks, line ends and backslashes as octal numbers. */
const unescaped = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
