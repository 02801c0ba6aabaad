import * as either from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { Decimal } from '../../../events/codecs.ts';
import type { LogPosition } from '../../ports/event-log.ts';
import { Fault } from '../../ports/fault.ts';
import type { ReadableLog } from '../../ports/readable-log.ts';
import { nullable } from '../queries/query.ts';

/** The head of a store's hash chain at some time. Kept elsewhere, it later proves that the log still contains everything up to there. */
export interface Anchor extends LogPosition {
  readonly store: string;
}

const form = /^snapledger-anchor\.v1:([0-9a-f-]{36}):([1-9]\d{0,15}):([0-9a-f]{64})$/;

/** An anchor as one line, without a line feed. */
export const formatAnchor = ({ store, position, chainHash }: Anchor): string =>
  `snapledger-anchor.v1:${store}:${position}:${chainHash}`;

/** The anchor of a line, or what is wrong with it. */
export function parseAnchor(line: string): either.Either<string, Anchor> {
  const [, store, position, chainHash] = form.exec(line.trim()) ?? [];
  if (store === undefined || position === undefined || chainHash === undefined)
    return either.left(`${line.trim()}: is not an anchor as printed by \`snapledger anchor\``);
  return either.right({ store, position: Number(position), chainHash });
}

/** The anchor of a log's end. Rejects with a Fault (`missing`) for a log without events. */
export async function anchorOf(log: ReadableLog): Promise<Anchor> {
  const { position, chainHash } = log.end;
  if (position > 0) return { store: await storeOf(log), position, chainHash };
  throw new Fault('missing', 'the log has no events yet', { hint: 'start the daemon once' });
}

/** Which anchors a log contains. */
interface Anchored {
  /** positions of those that it contains, in order */
  readonly holds: readonly number[];
  /** the first that it does not contain, and the reason */
  readonly broken: { readonly position: number; readonly why: string } | null;
}

/** Compares a log whose chain is intact with anchors, by position, up to the first that it does not contain. */
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
    return `the log was truncated: it ends at position ${log.end.position}, but once had position ${position}`;
  if ((await log.chainHashAt(position)) === chainHash) return undefined;
  return `the log was rewritten: an event at positions ${held + 1} to ${position} was changed`;
}

/** The store's id, from the first event. */
async function storeOf(log: ReadableLog): Promise<string> {
  if (log.gone?.store !== undefined) return log.gone.store;
  for await (const [first] of log.read(0)) return first?.event.type === 'StoreCreated' ? first.event.data.store : '';
  return '';
}

/** The head of the log's chain; or, if anchors were given, whether the log contains them all. */
export const AnchorRow = t.union([
  t.strict({ store: t.string, position: Decimal, chainHash: t.string, anchor: t.string }, 'Anchor'),
  t.strict({ holds: t.boolean, why: nullable(t.string) }, 'AnchorsHeld'),
]);
export type AnchorRow = t.TypeOf<typeof AnchorRow>;

/** The head of a log's chain as a row. */
export async function anchorRow(log: ReadableLog): Promise<AnchorRow> {
  const head = await anchorOf(log);
  return { ...head, anchor: formatAnchor(head) };
}

/** Whether a log contains anchors, given as lines, some comma-separated. Rejects with a Fault (`misuse`) for a line that is not one. */
export async function heldRow(log: ReadableLog, lines: readonly string[]): Promise<AnchorRow> {
  const anchors = parseAnchors(
    lines.flatMap((line) => line.split(',')),
    'holds: ',
  );
  const { broken } = await checkAnchors(log, anchors);
  return { holds: broken === null, why: broken?.why ?? null };
}

/** The anchors of lines. Throws a Fault (`misuse`) for a line that is not one; `label` names its source. */
export const parseAnchors = (lines: readonly string[], label: string): readonly Anchor[] =>
  lines.map((line) => {
    const anchor = parseAnchor(line);
    if (either.isRight(anchor)) return anchor.right;
    throw new Fault('misuse', `${label}${anchor.left}`, { hint: 'give complete lines of `snapledger anchor`' });
  });
