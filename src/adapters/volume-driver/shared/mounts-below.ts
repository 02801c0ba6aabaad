import { readFileSync } from 'node:fs';

/** The first place at or below a path on which something is mounted, as this process sees it. Source: proc(5), mountinfo. */
export function mountBelow(path: string): string | undefined {
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => unescaped(line.split(' ', 5)[4] ?? ''))
    .find((point) => point === path || point.startsWith(`${path}/`));
}

/** The kernel writes blanks, line ends and backslashes as octal numbers. */
const unescaped = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
