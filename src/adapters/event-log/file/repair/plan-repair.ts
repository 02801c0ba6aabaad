import { basename } from 'node:path';
import type { Damage } from '../format/damage.ts';
import { formatHeader, genesisHash } from '../format/header.ts';
import { type Bridge, bridgeOver, type KnownState } from './bridge.ts';
import { chainHashAfter, firstPosition, type LogRecord, type LogScan, type Piece } from './scan-log.ts';

/** The result of planning a repair. */
export interface RepairPlan {
  readonly directory: string;
  readonly store: string;
  /** from the beginning on, each following from the one before */
  readonly kept: readonly Piece[];
  readonly bridge: Bridge | undefined;
  /** the last position that is kept; the next event follows from its hash */
  readonly end: { readonly position: number; readonly hash: string };
  /** in the order of the log */
  readonly losses: readonly Loss[];
  /** checkpoints that the repaired log does not contain */
  readonly outdated: readonly KnownState[];
  /** snapshot ids up to this must not be used again */
  readonly lastId: number;
}

/**
 * The loss by a repair: `rebuilt` writes a header again, which loses nothing; `bridged` leaves positions out and
 * takes the state after them from a checkpoint; `truncated` ends the log before its first lost position.
 */
export interface Loss {
  readonly done: 'rebuilt' | 'bridged' | 'truncated';
  readonly damage: Damage;
  readonly first: number;
  readonly last: number;
  /** lost events that can still be read */
  readonly records: readonly LogRecord[];
  /** how many of the positions can't be read */
  readonly unreadable: number;
}

/**
 * Decides what remains of a log: all up to the first damage; after it, what follows from the newest checkpoint that does
 * not contradict the log; nothing after further damage. Undefined if nothing needs a repair: a torn tail is truncated by
 * the next start. Pure.
 */
export function planRepair(scan: LogScan, states: readonly KnownState[]): RepairPlan | undefined {
  const { pieces, rest, torn, directory, store } = scan;
  const broken = pieces.findIndex(({ why }) => why !== undefined);
  const kept = broken === -1 ? pieces : pieces.slice(0, broken);
  const others = pieces.slice(kept.length);
  const end = endOf(kept, store);
  const bridge = bridgeOver(others, end, states);
  const remaining = kept.concat(bridge?.proof.pieces ?? []);
  const lost = others.slice(others.length - lostAfter(others, bridge));
  const endsAt = bridge?.proof.end ?? end;
  const losses = [
    ...(others.length === 0 ? [] : remaining.flatMap(earlierLoss)),
    ...remaining.flatMap(rebuildLoss),
    ...(bridge === undefined ? [] : [bridgeLoss(bridge, others, rest)]),
    ...(lost.length > 0 || (rest !== undefined && !torn && bridge?.proof.pieces.length !== 0)
      ? [truncationLoss(endsAt.position, lost, rest)]
      : []),
  ];
  if (losses.length === 0) return undefined;
  return {
    ...{ directory, store, kept, bridge, end: endsAt, losses },
    outdated: states.filter((state) => !contains(kept, bridge, state)),
    lastId: lastReservedId(pieces, states, losses),
  };
}

function endOf(kept: readonly Piece[], store: string) {
  const last = kept.at(-1);
  if (last !== undefined) return { position: last.end.position, hash: last.end.hash, chainHash: chainHashAfter(last) };
  const chainHash = genesisHash(store);
  return { position: 0, hash: formatHeader({ store, first: 1, before: chainHash }).header.hash, chainHash };
}

/** The count of last pieces that do not follow from a kept one. */
function lostAfter(others: readonly Piece[], bridge: Bridge | undefined): number {
  if (bridge === undefined) return others.length;
  const last = bridge.proof.pieces.at(-1);
  if (last !== undefined) return others.length - 1 - others.indexOf(last);
  return others.filter(({ end }) => end.position > bridge.base.position).length;
}

function contains(kept: readonly Piece[], bridge: Bridge | undefined, { position, chainHash }: KnownState): boolean {
  if (position <= (kept.at(-1)?.end.position ?? 0)) return true;
  if (bridge === undefined || position < bridge.proof.last) return false;
  if (position === bridge.proof.last) return chainHash === bridge.proof.chainHash;
  return bridge.proof.pieces.some(({ cursors }) => cursors.get(position)?.hash === chainHash);
}

/** Any unreadable position may have assigned an id to a snapshot. */
function lastReservedId(pieces: readonly Piece[], states: readonly KnownState[], losses: readonly Loss[]): number {
  const known = Math.max(0, ...pieces.map(({ lastId }) => lastId), ...states.map(({ lastId }) => lastId));
  return known + losses.reduce((sum, { unreadable, done }) => sum + (done === 'truncated' ? unreadable : 0), 0);
}

function rebuildLoss({ rebuilt, header }: Piece): readonly Loss[] {
  if (rebuilt === undefined || header === undefined) return [];
  const { first } = header;
  return [{ done: 'rebuilt', damage: rebuilt, first, last: first, records: [], unreadable: 0 }];
}

/** The event that records an earlier repair may be lost now: it is recorded again. */
function earlierLoss({ file, header }: Piece): readonly Loss[] {
  if (header?.gap === undefined) return [];
  const { first, gap } = header;
  const damage = { file, offset: 0, position: first, what: 'an earlier repair left positions out', broken: false };
  return [{ done: 'bridged', damage, first, last: gap.last, records: [], unreadable: gap.last - first + 1 }];
}

function bridgeLoss({ first, proof, base }: Bridge, others: readonly Piece[], rest: Damage | undefined): Loss {
  const { last } = proof;
  const what = `the log ends before position ${first}, but this checkpoint is of position ${base.position}`;
  const shorter = { file: base.path, offset: 0, position: first, what, broken: false };
  return { done: 'bridged', damage: others[0]?.why ?? rest ?? shorter, first, last, ...readable(others, first, last) };
}

function truncationLoss(position: number, lost: readonly Piece[], rest: Damage | undefined): Loss {
  const first = position + 1;
  const last = Math.max(first, ...lost.map((piece) => piece.end.position));
  const damage = lost[0]?.why ?? rest;
  if (damage === undefined) throw new TypeError('a log without damage is not truncated');
  return { done: 'truncated', damage, first, last, ...readable(lost, first, last) };
}

function readable(pieces: readonly Piece[], first: number, last: number): Pick<Loss, 'records' | 'unreadable'> {
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
