import { setTimeout as sleep } from 'node:timers/promises';
import { Fault } from '../../../ports/fault.ts';
import { deferred } from '../../../ports/promises.ts';
import { anotherWriter } from './other-writer.ts';
import type { Patience } from './patience.ts';
import type { Stream, Unknown } from './stream.ts';
import type { Link } from './wire.ts';

const longestPause = 1_000;

export interface AppendSurely {
  readonly patience: Patience;
  /** ends waiting: the outcome is then unknown */
  readonly signal: AbortSignal;
  /** Told why there is no outcome yet, after each try. */
  readonly onWait: (why: string) => void;
  /** position of this writer's own StoreOpened, 0 before it */
  readonly opened: number;
}

/**
 * Appends until the outcome is known. What got no answer is sent again, the same bytes at the same place: the cluster
 * knows a repetition by its ids. Where the place is taken, the events there are read and compared.
 *
 * Rejects with `busy` where another writer was there first, with `corrupt` where the stream holds a part of what one append
 * wrote, with `io` where the outcome stays unknown.
 */
export async function appendSurely(
  stream: Stream,
  links: readonly Link[],
  { patience, signal, onWait, opened }: AppendSurely,
): Promise<void> {
  const first = links[0]?.position ?? 1;
  const expected = first === 1 ? null : first - 2;
  const proposals = links.map(({ proposal }) => proposal);
  const began = performance.now();
  for (let pause = patience.pause; ; pause = Math.min(pause * 2, longestPause)) {
    const outcome = await unlessAborted(stream.append(proposals, expected), signal);
    if (outcome === 'written' || (outcome === 'conflict' && (await landed(stream, links, opened)))) return;
    onWait(reasonOf(outcome));
    const limit = outcome === 'conflict' ? patience.outcome : patience.unanswered;
    if (signal.aborted || performance.now() + pause > began + limit) throw stillUnknown(stream, links, outcome);
    await sleep(pause, undefined, { signal }).catch(() => {});
  }
}

async function unlessAborted<T>(call: Promise<T>, signal: AbortSignal): Promise<T | Unknown> {
  const { promise: aborted, resolve } = deferred<Unknown>();
  const end = () => resolve({ unknown: 'the log was closed before the cluster had answered' });
  signal.addEventListener('abort', end);
  if (signal.aborted) end();
  try {
    return await Promise.race([call, aborted]);
  } finally {
    signal.removeEventListener('abort', end);
  }
}

/**
 * Whether all of it stands at its place; false where the stream ends before: a leader that was just elected may know of fewer
 * events than it has, for a moment. An id covers everything before it, so what is ours is always the beginning.
 */
async function landed(stream: Stream, links: readonly Link[], opened: number): Promise<boolean> {
  const first = links[0]?.position ?? 1;
  const found = await stream.read({ from: first - 1, direction: 'forwards', count: links.length });
  const ours = found.filter(({ id }, index) => id === links[index]?.proposal.id).length;
  if (ours === found.length) return ours === links.length;
  if (ours === 0) throw await anotherWriter(stream, first, opened);
  throw new Fault(
    'corrupt',
    `${stream.where}: ${ours} of ${links.length} events of one append stand at position ${first}`,
    {
      hint: 'the cluster keeps appends whole: somebody else has written into the stream, or a backup was mixed into it',
    },
  );
}

const stillUnknown = ({ where }: Stream, links: readonly Link[], outcome: 'conflict' | Unknown) =>
  new Fault('io', `${where}: nobody knows whether ${links.length} events were written: ${reasonOf(outcome)}`, {
    hint: 'look whether the cluster has a leader, can be reached, and was not brought back from an older backup; the next start finds out',
  });

const reasonOf = (outcome: 'conflict' | Unknown) =>
  outcome === 'conflict'
    ? 'the cluster says that the stream does not end right before them, but does not show them either'
    : outcome.unknown;
