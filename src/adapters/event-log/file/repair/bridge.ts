import { chain } from '../format/line.ts';
import { firstPosition, type Piece } from './scan-log.ts';

/** An intact checkpoint of this store. */
export interface KnownState {
  readonly position: number;
  readonly chainHash: string;
  /** the highest snapshot id in it */
  readonly lastId: number;
  readonly path: string;
}

/** The continuation of a log after lost positions, according to a checkpoint. */
export interface Bridge {
  /** the first lost position */
  readonly first: number;
  /** the chain hash before it */
  readonly before: string;
  readonly proof: Proof;
  readonly base: KnownState;
}

/** Proof that a checkpoint and the events readable after damage belong together. */
interface Proof {
  /** the last position that is lost, and its known chain hash */
  readonly last: number;
  readonly chainHash: string;
  /** what follows from there, to its end; empty if nothing readable does */
  readonly pieces: readonly Piece[];
  /** byte in the first of these pieces from which on its events are kept */
  readonly from: number;
  readonly end: { readonly position: number; readonly hash: string };
}

/** The bridge by the newest checkpoint that the readable events do not contradict. `end` is the last position before the damage. */
export function bridgeOver(
  others: readonly Piece[],
  end: { readonly position: number; readonly chainHash: string },
  states: readonly KnownState[],
): Bridge | undefined {
  for (const base of [...states].sort((a, b) => b.position - a.position)) {
    if (base.position <= end.position) continue;
    const proof = resumeAfter(others, base, end.position);
    if (proof !== undefined) return { first: end.position + 1, before: end.chainHash, proof, base };
  }
  return undefined;
}

/**
 * The continuation of the log after damage if a checkpoint is right; undefined if a readable event contradicts it. `after` is
 * the last position before the damage. Keeps the events before the checkpoint's position that it proves.
 */
function resumeAfter(others: readonly Piece[], state: KnownState, after: number): Proof | undefined {
  const at = others.findIndex((piece) => continues(piece, state));
  if (at === -1) {
    const contradicted = others.some(({ cursors }) => cursors.has(state.position));
    const { position, chainHash } = state;
    const end = { position, hash: chainHash };
    return contradicted ? undefined : { last: position, chainHash, pieces: [], from: 0, end };
  }
  const first = others.findLastIndex((piece, index) => index <= at && piece.why !== undefined);
  const next = others.findIndex((piece, index) => index > at && piece.why !== undefined);
  const run = others.slice(first, next === -1 ? undefined : next);
  const start = startOfRun(run, state, after);
  const { position, hash } = start.pieces.at(-1)?.end ?? { position: start.last, hash: start.chainHash };
  return { ...start, end: { position, hash } };
}

/** Whether a piece holds the checkpoint's position with its chain hash, or begins right after it and follows from it. */
function continues(piece: Piece, { position, chainHash }: KnownState): boolean {
  if (piece.cursors.get(position)?.hash === chainHash) return true;
  if (firstPosition(piece) !== position + 1) return false;
  if (piece.header !== undefined) return piece.header.before === chainHash && piece.header.gap === undefined;
  return piece.head !== undefined && chain(chainHash, piece.head.body) === piece.head.hash;
}

/**
 * The first kept event must follow from a known chain hash: that of a header, of the checkpoint, or of the event before it.
 * If the run reaches back behind the damage (events doubled or swapped), it is kept from the checkpoint on.
 */
function startOfRun(run: readonly Piece[], { position, chainHash }: KnownState, after: number): Omit<Proof, 'end'> {
  const [piece] = run;
  const header = piece?.header;
  const head = piece?.head;
  if (piece !== undefined && header !== undefined && header.first > after + 1)
    return { last: header.first - 1, chainHash: header.before, pieces: run, from: piece.from };
  if (piece !== undefined && head !== undefined && firstPosition(piece) > after)
    return firstPosition(piece) === position + 1
      ? { last: position, chainHash, pieces: run, from: head.offset }
      : { last: firstPosition(piece), chainHash: head.hash, pieces: run, from: head.next };
  const from = run.findIndex(({ cursors }) => cursors.has(position));
  return { last: position, chainHash, pieces: run.slice(from), from: run[from]?.cursors.get(position)?.offset ?? 0 };
}
