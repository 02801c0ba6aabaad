import { dirname, extname } from 'node:path';
import { Fault } from '../../../../ports/fault.ts';

/** A problem with a line. */
export interface Flaw {
  readonly what: string;
  /** The line itself is damaged; otherwise it is whole, but does not belong there. At a log's end the first may be a torn write. */
  readonly broken: boolean;
}

/** Bytes of a log that were changed or moved after they were written. */
export interface Damage extends Flaw {
  /** the segment's path */
  readonly file: string;
  /** byte at which the damaged line begins */
  readonly offset: number;
  /** position of the event that is expected there */
  readonly position: number;
}

/** The operator's hint for damage. */
export function damageHint(file: string): string {
  const root = dirname(dirname(file));
  if (file.endsWith('.gz'))
    return `restore the file from a backup; the segment itself, without .gz, works as well. Else move it elsewhere and list what is lost with: snapledger repair --dry-run --root ${root}`;
  return `restore the file from a backup; or list what is lost and what can be done with: snapledger repair --dry-run --root ${root}`;
}

const kinds: Readonly<Record<string, string>> = { '.log': 'segment', '.gz': 'archive' };

/** Damage in one line: file, byte, position, what. */
export function damageText({ file, offset, position, what }: Damage): string {
  return `log ${kinds[extname(file)] ?? 'file'} ${file}: byte ${offset}, position ${position}: ${what}`;
}

export function damageFault(damage: Damage, cause?: unknown): Fault {
  return new Fault('corrupt', damageText(damage), { hint: damageHint(damage.file), cause });
}

export function throwDamage(damage: Damage | undefined): void {
  if (damage !== undefined) throw damageFault(damage);
}

/** In words, the positions from `first` to `last`. */
export function missing(first: number, last: number): string {
  return first === last ? `position ${first} is missing` : `positions ${first} to ${last} are missing`;
}
