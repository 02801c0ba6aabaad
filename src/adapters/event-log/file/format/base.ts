import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Damage } from './damage.ts';
import type { Base } from './header.ts';

/** The file of a gap's base in the log directory: a checkpoint under another name, never removed. */
export function baseName(position: number): string {
  return `${String(position).padStart(20, '0')}.base`;
}

/** What is wrong with a gap's base, if anything; `first` is the gap's first position. */
export function checkBase(directory: string, { position, sha256 }: Base, first: number): Damage | undefined {
  const file = join(directory, baseName(position));
  const damage = (what: string) => ({ file, offset: 0, position: first, what, broken: false });
  if (!existsSync(file)) return damage('the state that stands for lost positions is missing');
  return digestOf(file) === sha256 ? undefined : damage('the state that stands for lost positions is damaged');
}

/** SHA-256 of a file's bytes, in hex. */
export function digestOf(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}
