import { dirname, extname } from 'node:path';
import { Fault } from '../../../../ports/fault.ts';
import type { Flaw } from '../verify/verify-block.ts';
import type { Cursor } from '../write/cursor.ts';

/** Bytes of a log that are not as they were written, or not where they were written. */
export interface Damage {
  /** the segment's path */
  readonly file: string;
  /** where the damaged line begins */
  readonly offset: number;
  /** of the event that should stand there */
  readonly position: number;
  readonly what: string;
  /** The line itself is not whole; otherwise it is, but does not belong there. At a log's end the first may be a torn write. */
  readonly broken: boolean;
}

/** What is wrong with the line at a place of a segment. */
export const damageAt = (file: string, { offset, position }: Cursor, flaw: Flaw): Damage => ({
  ...{ file, offset, position: position + 1 },
  ...flaw,
});

/** What the operator can do about damage. */
export function damageHint(file: string): string {
  const root = dirname(dirname(file));
  if (file.endsWith('.gz'))
    return `bring the file back from a backup; the segment itself, without .gz, will do as well. Else move it elsewhere and see what is lost with: snapledger repair --dry-run --root ${root}`;
  return `bring the file back from a backup; or see what is lost and what could be done with: snapledger repair --dry-run --root ${root}`;
}

/** Damage in one line: file, byte, position, what. */
export function damageText({ file, offset, position, what }: Damage): string {
  return `log ${kindOf(file)} ${file}: byte ${offset}, position ${position}: ${what}`;
}

const kinds: Readonly<Record<string, string>> = { '.log': 'segment', '.gz': 'archive' };
const kindOf = (file: string) => kinds[extname(file)] ?? 'file';

export function damageFault(damage: Damage, cause?: unknown): Fault {
  return new Fault('corrupt', damageText(damage), { hint: damageHint(damage.file), cause });
}
