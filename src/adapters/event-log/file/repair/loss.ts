import { basename } from 'node:path';
import type { Damage } from '../format/damage.ts';
import { firstPosition, type LogRecord, type Piece } from './piece.ts';
import type { Bridge } from './plan-repair.ts';

/**
 * What a repair gives up, and how: `rebuilt` writes a header again, which loses nothing; `bridged` leaves positions out and
 * takes the state after them from a checkpoint; `truncated` ends the log before its first lost position.
 */
export interface Loss {
  readonly done: 'rebuilt' | 'bridged' | 'truncated';
  readonly damage: Damage;
  readonly first: number;
  readonly last: number;
  /** lost events that can still be read */
  readonly records: readonly LogRecord[];
  /** how many of the positions nothing is known of */
  readonly unreadable: number;
}

export function rebuildLoss({ rebuilt, header }: Piece): readonly Loss[] {
  if (rebuilt === undefined || header === undefined) return [];
  const { first } = header;
  return [{ done: 'rebuilt', damage: rebuilt, first, last: first, records: [], unreadable: 0 }];
}

/** The event that tells of an earlier repair may be among what is lost now: it is told again. */
export function earlierLoss({ file, header }: Piece): readonly Loss[] {
  if (header?.gap === undefined) return [];
  const { first, gap } = header;
  const damage = { file, offset: 0, position: first, what: 'an earlier repair left positions out', broken: false };
  return [{ done: 'bridged', damage, first, last: gap.last, records: [], unreadable: gap.last - first + 1 }];
}

export function gapLoss({ first, proof, base }: Bridge, others: readonly Piece[], rest: Damage | undefined): Loss {
  const { last } = proof;
  const damage = others[0]?.why ?? rest ?? shorter(base.path, first, base.position);
  return { done: 'bridged', damage, first, last, ...known(others, first, last) };
}

/** The log is whole, but a checkpoint has seen more of it. */
const shorter = (file: string, first: number, position: number): Damage => ({
  ...{ file, offset: 0, position: first, broken: false },
  what: `the log ends before position ${first}, but this checkpoint is of position ${position}`,
});

export function truncationLoss(end: { position: number }, lost: readonly Piece[], rest: Damage | undefined): Loss {
  const first = end.position + 1;
  const last = Math.max(first, ...lost.map((piece) => piece.end.position));
  const damage = lost[0]?.why ?? rest;
  if (damage === undefined) throw new TypeError('a log without damage is not truncated');
  return { done: 'truncated', damage, first, last, ...known(lost, first, last) };
}

function known(pieces: readonly Piece[], first: number, last: number): Pick<Loss, 'records' | 'unreadable'> {
  const byPosition = new Map(
    pieces
      .filter((piece) => firstPosition(piece) <= last)
      .flatMap(({ records }) => records)
      .filter(({ position }) => position >= first && position <= last)
      .map((record) => [record.position, record]),
  );
  const records = [...byPosition.values()].sort((a, b) => a.position - b.position);
  return { records, unreadable: last - first + 1 - records.length };
}

/** A loss in one line. */
export function lossText({ done, damage, first, last }: Loss): string {
  const where = `${basename(damage.file)}, byte ${damage.offset}, position ${damage.position}: ${damage.what}`;
  const range = first === last ? `position ${first}` : `positions ${first} to ${last}`;
  switch (done) {
    case 'rebuilt':
      return `${where}; nothing is lost`;
    case 'bridged':
      return `${where}; ${range} left out, the state is a checkpoint's`;
    case 'truncated':
      return `${where}; the log is truncated there, ${range} lost`;
    default:
      return done satisfies never;
  }
}
