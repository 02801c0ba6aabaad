import * as either from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { decodeWith } from '../../../../events/codecs.ts';
import type { Envelope } from '../../../../events/envelope.ts';
import type { LogPosition } from '../../../ports/event-log.ts';
import { Fault } from '../../../ports/fault.ts';
import type { Recorded } from './connect.ts';
import type { Stream } from './stream.ts';
import { envelopeOf, follows, type Stored, storedOf } from './wire.ts';

/** Small reads of the cluster stall for 40 ms each, so reads fetch pages of this size. */
export const pageSize = 1_000;

/** The first event of a stream that can be read. */
export interface Beginning {
  /** the chain hash before the store's first event */
  readonly genesis: string;
  /** position of the first event that was shown when the stream was opened */
  readonly first: number;
}

/**
 * Verified and decoded events after a position up to the stream's end, a page at a time. Throws `corrupt` if an event is
 * not as it was written or does not follow from the one before. Of events that have expired nothing is read: the first one
 * that is shown is then not verified against an earlier one.
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

/** The event at a position, not decoded; undefined if there is none. */
async function readOne(stream: Stream, position: number): Promise<Stored | undefined> {
  const [recorded] = await stream.read({ from: position - 1, direction: 'forwards', count: 1 });
  return recorded === undefined ? undefined : ownEvent(stream, recorded, position);
}

/** Throws `corrupt` unless the event follows from one with chain hash `before`. */
export function verified(stream: Stream, recorded: Recorded, position: number, before: string): Stored {
  const stored = ownEvent(stream, recorded, position);
  if (follows(stored, before)) return stored;
  throw foreignFault(
    stream,
    position,
    'it was changed, or does not follow from the event before: it is of another history',
  );
}

/** The stored event at a position, not decoded; throws `corrupt` if it is not ours. */
export function ownEvent(stream: Stream, recorded: Recorded, position: number): Stored {
  const stored = storedOf(recorded);
  if (either.isLeft(stored)) throw foreignFault(stream, position, `it does not belong to this store: ${stored.left}`);
  if (stored.right.position === position) return stored.right;
  throw new Fault(
    'corrupt',
    `${stream.where}: position ${position}: position ${stored.right.position} is the first that is shown: events have expired, or were deleted`,
    { hint: metadataHint(stream) },
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
const foreignFault = ({ where }: Stream, position: number, what: string) =>
  new Fault('corrupt', `${where}: position ${position}: ${what}`, {
    hint: 'no other client may write into this stream or delete from it: restore the cluster from a backup, or choose an empty root',
  });

/** The chain hash at a position up to `end`; undefined for any other, and for one whose event has expired. */
export async function chainHashAt(
  stream: Stream,
  position: number,
  { genesis, first, end }: Beginning & { readonly end: LogPosition },
): Promise<string | undefined> {
  if (position === 0) return genesis;
  if (position >= end.position) return position === end.position ? end.chainHash : undefined;
  return position < first ? undefined : (await readOne(stream, position))?.chainHash;
}

/** The readable range and the settings of a stream. */
export interface StreamState {
  readonly end: LogPosition;
  /** position of the first event that is shown, 1 unless events have expired */
  readonly first: number;
  readonly settings: StreamSettings;
}

/**
 * Both ends of the stream. If its first event is shown, it must be this store's first one; its last one must follow from the
 * one before: this detects events that another client has written or deleted. Throws `corrupt`, also for a stream that was
 * deleted or is empty after events were written.
 */
export async function readEnds(stream: Stream, genesis: string): Promise<StreamState> {
  const settings = await readSettings(stream);
  if (settings.deleted) throw deletedStream(stream);
  const [last, before] = await stream.read({ from: null, direction: 'backwards', count: 2 });
  if (last === undefined) {
    if (settings.emptying) throw expiredEvents(stream, settings, 'no event of it is shown');
    return { end: { position: 0, chainHash: genesis }, first: 1, settings };
  }
  const [beginning = last] = await stream.read({ from: 0, direction: 'forwards', count: 1 });
  const first = Number(beginning.revision) + 1;
  if (first === 1) verified(stream, beginning, 1, genesis);
  const position = Number(last.revision) + 1;
  const { chainHash } =
    position === 1
      ? verified(stream, last, 1, genesis)
      : before === undefined
        ? ownEvent(stream, last, position)
        : verified(stream, last, position, ownEvent(stream, before, position - 1).chainHash);
  return { end: { position, chainHash }, first, settings };
}

/** The metadata of a stream (its last event in `$$STREAM`), as far as they affect its events. */
export interface StreamSettings {
  /** softly deleted: its events are not shown, and the next append would begin a new stream */
  readonly deleted: boolean;
  /** settings that let events expire or hide them, as `$maxCount=2`; empty for none */
  readonly limits: string;
  /** limits that let future events expire */
  readonly expiring: boolean;
  /** limits under which no event may remain; `$maxCount` always keeps the last one */
  readonly emptying: boolean;
}

const Metadata = t.partial({ $maxCount: t.number, $maxAge: t.number, $tb: t.number }, 'stream metadata');

/** Reads a stream's metadata. Rejects with a Fault, `corrupt` for invalid metadata. */
export async function readSettings(stream: Stream): Promise<StreamSettings> {
  const [last] = await stream.readMetadata();
  const decoded = last === undefined ? either.right({}) : decodeWith(Metadata, last.data);
  if (either.isLeft(decoded))
    throw new Fault('corrupt', `${stream.where}: its metadata: ${decoded.left}`, { hint: metadataHint(stream) });
  const { $maxCount, $maxAge, $tb = 0 }: t.TypeOf<typeof Metadata> = decoded.right;
  // A soft delete is a `$tb` of 2^63 - 1, which JSON does not carry exactly.
  const deleted = $tb >= Number.MAX_SAFE_INTEGER;
  const limits = Object.entries({ $maxCount, $maxAge, ...($tb > 0 && !deleted && { $tb }) })
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${value}`)
    .join(', ');
  return {
    deleted,
    limits,
    expiring: $maxCount !== undefined || $maxAge !== undefined,
    emptying: $maxAge !== undefined || $tb > 0,
  };
}

/** The hint if the cluster does not show events that were written. */
const metadataHint = ({ name }: Pick<Stream, 'name'>) =>
  `check the metadata of the stream ($$${name}): events that were not scavenged are shown again when $maxCount, $maxAge and $tb are removed`;

/** The fault for a stream that was softly deleted. */
export const deletedStream = (stream: Stream) =>
  new Fault('corrupt', `${stream.where}: the stream was deleted`, {
    hint: `nothing was written. ${metadataHint(stream)}`,
  });

/** The fault for a stream whose metadata let events expire; `gone` names those that are not shown any more. */
export const expiredEvents = (stream: Stream, { limits }: StreamSettings, gone: string) =>
  new Fault('corrupt', `${stream.where}: ${gone}: events expire at the cluster${limits && ` (${limits})`}`, {
    hint: metadataHint(stream),
  });
