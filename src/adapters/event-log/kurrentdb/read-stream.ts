import * as either from 'fp-ts/lib/Either.js';
import type { Envelope } from '../../../../events/envelope.ts';
import { Fault } from '../../../ports/fault.ts';
import type { Recorded } from './connect.ts';
import type { Stream } from './stream.ts';
import { cure } from './stream-settings.ts';
import { envelopeOf, follows, type Stored, storedOf } from './wire.ts';

/** Small reads of the cluster stall for 40 ms each: whatever is read is read in pages of this size. */
export const pageSize = 1_000;

/** Where reading a stream begins. */
export interface Beginning {
  /** the chain hash before the store's first event */
  readonly genesis: string;
  /** position of the first event that was shown when the stream was opened */
  readonly first: number;
}

/**
 * Verified and decoded events after a position up to the stream's end, a page at a time. Throws `corrupt` where an event is
 * not as it was written or does not follow from the one before. Of events that have expired nothing is read: the first one
 * that is shown is then taken as it stands.
 */
export async function* readPages(
  stream: Stream,
  after: number,
  { genesis, first }: Beginning,
): AsyncGenerator<readonly Envelope[]> {
  const expired = first > 1 && after < first;
  let chainHash = after === 0 ? genesis : expired ? undefined : (await readOne(stream, after))?.chainHash;
  if (chainHash === undefined && !expired) return;
  for (let position = expired ? first - 1 : after; ; ) {
    const page = await stream.read({ from: position, direction: 'forwards', count: pageSize });
    const envelopes: Envelope[] = [];
    for (const recorded of page) {
      position += 1;
      const stored: Stored =
        expired && position === first
          ? ownEvent(stream, recorded, first)
          : verified(stream, recorded, position, chainHash ?? '');
      envelopes.push(decoded(stream, stored));
      chainHash = stored.chainHash;
    }
    if (envelopes.length > 0) yield envelopes;
    if (page.length < pageSize) return;
  }
}

/** The event at a position, as it stands there; undefined where there is none. */
export async function readOne(stream: Stream, position: number): Promise<Stored | undefined> {
  const [recorded] = await stream.read({ from: position - 1, direction: 'forwards', count: 1 });
  return recorded === undefined ? undefined : ownEvent(stream, recorded, position);
}

/** Throws `corrupt` unless the event follows from one with chain hash `before`. */
export function verified(stream: Stream, recorded: Recorded, position: number, before: string): Stored {
  const stored = ownEvent(stream, recorded, position);
  if (follows(stored, before)) return stored;
  throw foreign(stream, position, 'it was changed, or does not follow from the event before: it is of another history');
}

/** The event as it stands at a position; throws `corrupt` where it is none of ours. */
export function ownEvent(stream: Stream, recorded: Recorded, position: number): Stored {
  const stored = storedOf(recorded);
  if (either.isLeft(stored)) throw foreign(stream, position, `it is none of this store's: ${stored.left}`);
  if (stored.right.position === position) return stored.right;
  throw new Fault(
    'corrupt',
    `${stream.where}: position ${position}: position ${stored.right.position} is the first that is shown: events have expired, or were deleted`,
    { hint: cure(stream) },
  );
}

function decoded({ where }: Stream, stored: Stored): Envelope {
  const envelope = envelopeOf(stored);
  if (either.isRight(envelope)) return envelope.right;
  throw new Fault('unsupported', `${where}: position ${stored.position}: ${envelope.left}`, {
    hint: 'run the release of snapledger that wrote it, or a newer one',
  });
}

/** The fault for an event that this store did not write. */
export const foreign = ({ where }: Stream, position: number, what: string) =>
  new Fault('corrupt', `${where}: position ${position}: ${what}`, {
    hint: 'nobody else may write into this stream or delete from it: bring the cluster back from a backup, or choose an empty root',
  });
