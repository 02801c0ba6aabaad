import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** The mount points below a directory, innermost first. */
export function mountsBelow(path: string): readonly string[] {
  return readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => unescaped(line.split(' ')[1] ?? ''))
    .filter((point) => point.startsWith(`${path}/`))
    .reverse();
}

export function unmountBelow(path: string): void {
  for (const point of mountsBelow(path)) execFileSync('umount', ['--lazy', point]);
}

/** The kernel writes spaces and backslashes as octal escapes. */
const unescaped = (text: string) =>
  text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
