import * as either from 'fp-ts/lib/Either.js';
import { ownEvent, pageSize, verified } from '../read-stream.ts';
import type { Stream } from '../stream.ts';
import { genesisHash, type Stored, storedOf } from '../wire.ts';

/** An event in a store's stream, verified. */
export interface Verified {
  readonly stored: Stored;
  /** when the cluster stored it */
  readonly created: Date;
}

interface Place {
  readonly position: number;
  readonly chainHash: string;
}

/**
 * The events of a store's stream after a place, up to its end; without a place from the first one that is shown, which is not
 * verified against an earlier one if earlier ones have expired. Throws `corrupt` at an event that does not follow.
 */
export async function* historyAfter(
  stream: Stream,
  store: string,
  place: Place | undefined,
): AsyncGenerator<readonly Verified[]> {
  let { position, chainHash } = place ?? { position: 0, chainHash: genesisHash(store) };
  let begins = place === undefined;
  for (;;) {
    const page = await stream.read({ from: position, direction: 'forwards', count: pageSize });
    const found: Verified[] = [];
    try {
      for (const recorded of page) {
        const first = begins ? Number(recorded.revision) + 1 : 1;
        const stored: Stored =
          first > 1 ? ownEvent(stream, recorded, first) : verified(stream, recorded, position + 1, chainHash);
        begins = false;
        found.push({ stored, created: recorded.created });
        ({ position, chainHash } = stored);
      }
    } catch (error) {
      if (found.length > 0) yield found;
      throw error;
    }
    if (found.length > 0) yield found;
    if (page.length < pageSize) return;
  }
}

/**
 * Whether the stream holds the event at a place: then it holds the same history up to there. Undefined if that event has
 * expired.
 */
export async function holds(stream: Stream, { position, chainHash }: Place): Promise<boolean | undefined> {
  if (position === 0) return true;
  const [shown] = await stream.read({ from: position - 1, direction: 'forwards', count: 1 });
  if (shown === undefined) return false;
  if (Number(shown.revision) !== position - 1) return undefined;
  const stored = storedOf(shown);
  return either.isRight(stored) && stored.right.chainHash === chainHash;
}
