import { setTimeout as sleep } from 'node:timers/promises';
import * as either from 'fp-ts/lib/Either.js';
import { Fault } from '../../../ports/fault.ts';
import { untilAborted } from '../../../ports/promises.ts';
import { pageSize } from './read-stream.ts';
import { maxPause, type RetryPolicy, type Stream, type Unknown } from './stream.ts';
import { envelopeOf, type Link, storedOf } from './wire.ts';

interface AppendContext {
  readonly retry: RetryPolicy;
  /** ends waiting: the outcome is then unknown */
  readonly signal: AbortSignal;
  /** Called after each try with the reason why there is no outcome yet. */
  readonly onWait: (why: string) => void;
  /** position of this writer's own StoreOpened, 0 before it */
  readonly opened: number;
}

/**
 * Appends until the outcome is known. An append without an answer is sent again, the same bytes at the same position: the
 * cluster recognises a repetition by its ids. If the position is occupied, the events there are read and compared.
 *
 * Rejects with `busy` if another writer was first, with `corrupt` if the stream holds a part of what one append wrote, with
 * `io` if the outcome stays unknown.
 */
export async function appendIdempotent(
  stream: Stream,
  links: readonly Link[],
  { retry, signal, onWait, opened }: AppendContext,
): Promise<void> {
  const first = links[0]?.position ?? 1;
  const expected = first === 1 ? null : first - 2;
  const proposals = links.map(({ proposal }) => proposal);
  const began = performance.now();
  for (let pause = retry.pause; ; pause = Math.min(pause * 2, maxPause)) {
    const outcome = await untilAborted(stream.append(proposals, expected), signal).catch((error): Unknown => {
      if (!signal.aborted || error !== signal.reason) throw error;
      return { unknown: 'the log was closed before the cluster answered' };
    });
    if (outcome === 'written' || (outcome === 'conflict' && (await alreadyAppended(stream, links, opened)))) return;
    onWait(reasonOf(outcome));
    const limit = outcome === 'conflict' ? retry.outcome : retry.unanswered;
    if (signal.aborted || performance.now() + pause > began + limit) throw stillUnknown(stream, links, outcome);
    await sleep(pause, undefined, { signal }).catch(() => {});
  }
}

/**
 * Whether all events are in the stream; false if the stream ends before them: a leader that was just elected may know of
 * fewer events than it has, for a moment. An id covers everything before it, so our events are always the first ones.
 */
async function alreadyAppended(stream: Stream, links: readonly Link[], opened: number): Promise<boolean> {
  const first = links[0]?.position ?? 1;
  const found = await stream.read({ from: first - 1, direction: 'forwards', count: links.length });
  const ours = found.filter(({ id }, index) => id === links[index]?.proposal.id).length;
  if (ours === found.length) return ours === links.length;
  if (ours === 0) throw await otherWriterFault(stream, first, opened);
  throw new Fault(
    'corrupt',
    `${stream.where}: ${ours} of ${links.length} events of one append are at position ${first}`,
    {
      hint: 'the cluster keeps appends whole: another client has written into the stream, or a backup was mixed into it',
    },
  );
}

const stillUnknown = ({ where }: Stream, links: readonly Link[], outcome: 'conflict' | Unknown) =>
  new Fault('io', `${where}: it is unknown whether ${links.length} events were written: ${reasonOf(outcome)}`, {
    hint: 'check that the cluster has a leader, can be reached, and was not restored from an older backup; the next start finds out',
  });

const reasonOf = (outcome: 'conflict' | Unknown) =>
  outcome === 'conflict'
    ? 'the cluster reports that the stream does not end right before them, but does not show them either'
    : outcome.unknown;

/** Limits of one append that every version of the cluster accepts; older ones refuse more than 1 MB. */
const maxChunk = { events: 500, bytes: 512 * 1024 };

/** Links in the same order, in groups that fit one append each. A link that is too large gets its own group. */
export function chunksOf(links: readonly Link[]): readonly (readonly Link[])[] {
  const chunks: Link[][] = [];
  let left = { events: 0, bytes: 0 };
  for (const link of links) {
    if (left.events < 1 || left.bytes < link.bytes) {
      chunks.push([]);
      left = { ...maxChunk };
    }
    chunks.at(-1)?.push(link);
    left = { events: left.events - 1, bytes: left.bytes - link.bytes };
  }
  return chunks;
}

/** Pages that are searched for the opening of another writer. */
const searched = 20;

/**
 * The fault for a position that another writer has written. It names that writer by its StoreOpened event: after this
 * position, or before it but after this writer's own (`opened`, 0 for none). A writer without one is not named.
 */
export async function otherWriterFault(stream: Stream, position: number, opened: number): Promise<Fault> {
  const opening = await findOpening(stream, position, opened).catch(() => undefined);
  const by = opening === undefined ? '' : `: ${opening}`;
  return new Fault('busy', `${stream.where}: another writer has written position ${position}${by}`, {
    hint: 'only one daemon may use this store: stop the other one, then restart this one',
  });
}

async function findOpening(stream: Stream, position: number, opened: number): Promise<string | undefined> {
  const after = await stream.read({ from: position - 1, direction: 'forwards', count: pageSize });
  const since = named(after);
  if (since !== undefined) return since;
  for (let page = 0, last = position - 1; page < searched && last > opened; page++, last -= pageSize) {
    const count = Math.min(pageSize, last - opened);
    const before = named(await stream.read({ from: last - 1, direction: 'backwards', count }));
    if (before !== undefined) return before;
  }
  return undefined;
}

/** The writer that the first opening among these events names. */
function named(events: Awaited<ReturnType<Stream['read']>>): string | undefined {
  for (const recorded of events) {
    const stored = storedOf(recorded);
    const envelope = either.isRight(stored) ? envelopeOf(stored.right) : stored;
    if (either.isLeft(envelope) || envelope.right.event.type !== 'StoreOpened') continue;
    const { pid, root } = envelope.right.event.data;
    const since = new Date(Number(envelope.right.time / 1_000_000n)).toISOString();
    return `process ${pid} on ${root.host}, root ${root.path}, running since ${since}`;
  }
  return undefined;
}
