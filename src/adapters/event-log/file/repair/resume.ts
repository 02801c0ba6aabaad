import { chain } from '../format/line.ts';
import { firstPosition, type Piece } from './piece.ts';
import type { KnownState } from './plan-repair.ts';

/** That a checkpoint and what is readable after damage belong together. */
export interface Proof {
  /** the last position that is lost, and the chain hash that is known of it */
  readonly last: number;
  readonly chainHash: string;
  /** what follows from there, to its end; none where nothing readable does */
  readonly pieces: readonly Piece[];
  /** byte in the first of these pieces from which on its events are kept */
  readonly from: number;
  readonly end: { readonly position: number; readonly chain: string };
}

/**
 * How the log goes on after damage if a checkpoint is right; undefined where a readable event contradicts it. `after` is
 * the last position before the damage. As much of what is readable before the checkpoint's position as it proves is kept.
 */
export function resumeAfter(others: readonly Piece[], state: KnownState, after: number): Proof | undefined {
  const at = others.findIndex((piece) => continues(piece, state));
  if (at === -1) {
    const contradicted = others.some(({ places }) => places.has(state.position));
    const { position, chainHash } = state;
    return contradicted
      ? undefined
      : { last: position, chainHash, pieces: [], from: 0, end: { position, chain: chainHash } };
  }
  const first = others.findLastIndex((piece, index) => index <= at && piece.why !== undefined);
  const next = others.findIndex((piece, index) => index > at && piece.why !== undefined);
  const run = others.slice(first, next === -1 ? undefined : next);
  const start = startOfRun(run, state, after);
  const last = start.pieces.at(-1);
  const end = last === undefined ? { position: start.last, chain: start.chainHash } : last.end;
  return { ...start, end: { position: end.position, chain: end.chain } };
}

/** Whether a piece holds the checkpoint's position with its chain hash, or begins right after it and follows from it. */
function continues(piece: Piece, { position, chainHash }: KnownState): boolean {
  if (piece.places.get(position)?.chain === chainHash) return true;
  if (firstPosition(piece) !== position + 1) return false;
  if (piece.header !== undefined) return piece.header.before === chainHash && piece.header.gap === undefined;
  return piece.head !== undefined && chain(chainHash, piece.head.body) === piece.head.hash;
}

/**
 * The first kept event must follow from a chain hash that is known: that of a header, of the checkpoint, or of the event before
 * it. Where the run reaches back behind the damage (events doubled or swapped), it is taken up at the checkpoint.
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
  const from = run.findIndex(({ places }) => places.has(position));
  return { last: position, chainHash, pieces: run.slice(from), from: run[from]?.places.get(position)?.offset ?? 0 };
}
