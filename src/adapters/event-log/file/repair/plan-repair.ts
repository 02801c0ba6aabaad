import { formatHeader, genesisHash } from '../format/header.ts';
import type { Cursor } from '../write/cursor.ts';
import { earlierLoss, gapLoss, type Loss, rebuildLoss, truncationLoss } from './loss.ts';
import { chainHashAfter, type Piece } from './piece.ts';
import { type Proof, resumeAfter } from './resume.ts';
import type { Survey } from './survey-log.ts';

/** A whole checkpoint of this store. */
export interface KnownState {
  readonly position: number;
  readonly chainHash: string;
  /** the highest number of a snapshot that it knows */
  readonly lastId: number;
  readonly path: string;
}

/** Where the log goes on after lost positions, by the word of a checkpoint. */
export interface Bridge {
  /** the first lost position */
  readonly first: number;
  /** the chain hash before it */
  readonly before: string;
  readonly proof: Proof;
  readonly base: KnownState;
}

/** What is to be done about a damaged log. */
export interface RepairPlan {
  readonly directory: string;
  readonly store: string;
  /** from the beginning on, each following from the one before */
  readonly kept: readonly Piece[];
  readonly bridge: Bridge | undefined;
  /** the last place that is kept, from which a next event follows */
  readonly end: Pick<Cursor, 'position' | 'chain'>;
  /** in the order of the log */
  readonly losses: readonly Loss[];
  /** checkpoints that the repaired log does not contain */
  readonly outdated: readonly KnownState[];
  /** no number of a snapshot up to this may be given again */
  readonly lastId: number;
}

/**
 * Decides what remains of a log: all up to the first damage; after it, by the newest checkpoint that does not contradict
 * the log, what follows from that checkpoint; nothing after further damage. Undefined where nothing needs a repair: a torn
 * tail is the next start's. Pure.
 */
export function planRepair(survey: Survey, states: readonly KnownState[]): RepairPlan | undefined {
  const { pieces, rest, torn } = survey;
  const kept = leading(pieces);
  const others = pieces.slice(kept.length);
  const end = endOf(kept, survey.store);
  const bridge = bridgeOver(others, end, states);
  const followed = bridge?.proof.pieces ?? [];
  const cut = others.slice(others.length - lostAfter(others, bridge));
  const endsAt = bridge === undefined ? end : bridge.proof.end;
  const remaining = kept.concat(followed);
  const losses = [
    ...(others.length === 0 ? [] : remaining.flatMap(earlierLoss)),
    ...remaining.flatMap(rebuildLoss),
    ...(bridge === undefined ? [] : [gapLoss(bridge, others, rest)]),
    ...(cut.length > 0 || (rest !== undefined && !torn && bridge?.proof.pieces.length !== 0)
      ? [truncationLoss(endsAt, cut, rest)]
      : []),
  ];
  if (losses.length === 0) return undefined;
  return {
    ...{ directory: survey.directory, store: survey.store, kept, bridge, end: endsAt, losses },
    outdated: states.filter((state) => !contains(kept, bridge, state)),
    lastId: burntId(pieces, states, losses),
  };
}

/** The pieces up to the first damage. */
function leading(pieces: readonly Piece[]): readonly Piece[] {
  const broken = pieces.findIndex(({ why }) => why !== undefined);
  return broken === -1 ? pieces : pieces.slice(0, broken);
}

interface End {
  readonly position: number;
  readonly chain: string;
  readonly chainHash: string;
}

function endOf(kept: readonly Piece[], store: string): End {
  const last = kept.at(-1);
  const chainHash = genesisHash(store);
  if (last === undefined)
    return { position: 0, chain: formatHeader({ store, first: 1, before: chainHash }).header.hash, chainHash };
  return { position: last.end.position, chain: last.end.chain, chainHash: chainHashAfter(last) };
}

function bridgeOver(others: readonly Piece[], end: End, states: readonly KnownState[]): Bridge | undefined {
  const newestFirst = [...states].sort((a, b) => b.position - a.position);
  for (const base of newestFirst) {
    if (base.position <= end.position) continue;
    const proof = resumeAfter(others, base, end.position);
    if (proof !== undefined) return { first: end.position + 1, before: end.chainHash, proof, base };
  }
  return undefined;
}

/** How many of the last pieces follow from nothing that is kept. */
function lostAfter(others: readonly Piece[], bridge: Bridge | undefined): number {
  const last = bridge?.proof.pieces.at(-1);
  if (bridge === undefined) return others.length;
  if (last !== undefined) return others.length - 1 - others.indexOf(last);
  return others.filter(({ end }) => end.position > bridge.base.position).length;
}

function contains(kept: readonly Piece[], bridge: Bridge | undefined, { position, chainHash }: KnownState): boolean {
  const end = kept.at(-1)?.end.position ?? 0;
  if (position <= end) return true;
  if (bridge === undefined || position < bridge.proof.last) return false;
  if (position === bridge.proof.last) return chainHash === bridge.proof.chainHash;
  return bridge.proof.pieces.some(({ places }) => places.get(position)?.chain === chainHash);
}

/** Every position of which nothing is known may have given a number to a snapshot. */
function burntId(pieces: readonly Piece[], states: readonly KnownState[], losses: readonly Loss[]): number {
  const known = Math.max(0, ...pieces.map(({ lastId }) => lastId), ...states.map(({ lastId }) => lastId));
  return known + losses.reduce((sum, { unreadable, done }) => sum + (done === 'truncated' ? unreadable : 0), 0);
}
