import * as either from 'fp-ts/lib/Either.js';
import type { LogPosition } from '../../ports/event-log.ts';
import { Fault } from '../../ports/fault.ts';
import type { ReadableLog } from '../../ports/readable-log.ts';

/** The head of a store's hash chain at a time: kept elsewhere, it shows later whether the log still holds all up to there. */
export interface Anchor extends LogPosition {
  readonly store: string;
}

const form = /^snapledger-anchor\.v1:([0-9a-f-]{36}):([1-9]\d{0,15}):([0-9a-f]{64})$/;

/** An anchor as one line, without a line feed. */
export const formatAnchor = ({ store, position, chainHash }: Anchor): string =>
  `snapledger-anchor.v1:${store}:${position}:${chainHash}`;

/** The anchor in a line, or what is wrong with it. */
export function parseAnchor(line: string): either.Either<string, Anchor> {
  const [, store, position, chainHash] = form.exec(line.trim()) ?? [];
  if (store === undefined || position === undefined || chainHash === undefined)
    return either.left(`${line.trim()}: is no anchor, as \`snapledger anchor\` prints it`);
  return either.right({ store, position: Number(position), chainHash });
}

/** The anchor of a log's end. Rejects with a Fault (`missing`) for a log without events. */
export async function anchorOf(log: ReadableLog): Promise<Anchor> {
  const { position, chainHash } = log.end;
  if (position > 0) return { store: await storeOf(log), position, chainHash };
  throw new Fault('missing', 'the log holds no event yet', { hint: 'start the daemon once' });
}

/** How a log stands to anchors of it. */
export interface Anchored {
  /** positions of those that it contains, in order */
  readonly holds: readonly number[];
  /** the first that it does not contain, and what that means */
  readonly broken: { readonly position: number; readonly why: string } | null;
}

/** Compares a log whose chain is whole with anchors, from the lowest position on, up to the first that it does not contain. */
export async function checkAnchors(log: ReadableLog, anchors: readonly Anchor[]): Promise<Anchored> {
  const store = await storeOf(log);
  const holds: number[] = [];
  for (const anchor of [...anchors].sort((a, b) => a.position - b.position)) {
    const why = await contradiction(log, store, anchor, holds.at(-1) ?? 0);
    if (why !== undefined) return { holds, broken: { position: anchor.position, why } };
    holds.push(anchor.position);
  }
  return { holds, broken: null };
}

async function contradiction(
  log: ReadableLog,
  store: string,
  anchor: Anchor,
  held: number,
): Promise<string | undefined> {
  const { position, chainHash } = anchor;
  if (anchor.store !== store) return `the anchor is of store ${anchor.store}, the log of store ${store}`;
  if (position > log.end.position)
    return `the log was truncated: it ends at position ${log.end.position}, and once held position ${position}`;
  if ((await log.chainHashAt(position)) === chainHash) return undefined;
  const from = held === 0 ? 'of any position' : `of a position from ${held + 1}`;
  return `the log was rewritten: the event ${from} to ${position} is another one than it was`;
}

/** The store that a log's first event names. */
async function storeOf(log: ReadableLog): Promise<string> {
  if (log.gone?.store !== undefined) return log.gone.store;
  for await (const [first] of log.read(0)) return first?.event.type === 'StoreCreated' ? first.event.data.store : '';
  return '';
}
