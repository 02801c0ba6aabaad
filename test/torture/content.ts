import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Random } from './random.ts';

/** A file with bytes derived from its text and size. */
export interface KnownFile {
  readonly name: string;
  readonly text: string;
  readonly bytes: number;
}

/** A few small files, sometimes a larger or an empty one. */
export function inventFiles(random: Random, text: string): readonly KnownFile[] {
  return Array.from({ length: random.whole(1, 4) }, (_, n) => ({
    name: random.chance(0.3) ? `folder/file-${n}` : `file-${n}`,
    text: `${text}/${n} `,
    bytes: random.chance(0.05) ? 0 : random.whole(1, random.chance(0.1) ? 200_000 : 9_000),
  }));
}

const bytesOf = ({ text, bytes }: KnownFile): Buffer => Buffer.alloc(bytes, text);

export function writeFiles(layer: string, files: readonly KnownFile[]): void {
  for (const file of files) {
    const path = join(layer, file.name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, bytesOf(file));
  }
}

/** The flaw of a file: missing, truncated (or empty), or with other bytes than written. */
export type Flaw = 'missing' | 'short' | 'different';

/** The first flaw among files that should be complete. */
export function flawIn(layer: string, files: readonly KnownFile[]): { file: string; flaw: Flaw } | undefined {
  for (const file of files) {
    const flaw = flawOf(join(layer, file.name), bytesOf(file));
    if (flaw !== undefined) return { file: file.name, flaw };
  }
  return undefined;
}

function flawOf(path: string, expected: Buffer): Flaw | undefined {
  let found: Buffer;
  try {
    found = readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 'missing';
    throw error;
  }
  if (found.length < expected.length) return 'short';
  return found.equals(expected) ? undefined : 'different';
}
