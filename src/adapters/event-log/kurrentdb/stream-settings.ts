import * as either from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { decodeWith } from '../../../../events/codecs.ts';
import { Fault } from '../../../ports/fault.ts';
import type { Stream } from './stream.ts';

/** What the metadata of a stream (its last event in `$$STREAM`) say about its events. */
export interface StreamSettings {
  /** softly deleted: nothing of it is shown, and the next append would begin it anew */
  readonly deleted: boolean;
  /** settings that let events expire or hide them, as `$maxCount=2`; empty for none */
  readonly limits: string;
  /** limits that take away events which are still to come */
  readonly expiring: boolean;
  /** limits that can leave nothing to show; `$maxCount` always leaves the last event */
  readonly emptying: boolean;
}

const Metadata = t.partial({ $maxCount: t.number, $maxAge: t.number, $tb: t.number }, 'stream metadata');

/** Reads a stream's metadata. Rejects with a Fault, `corrupt` for metadata that are none. */
export async function readSettings(stream: Stream): Promise<StreamSettings> {
  const [last] = await stream.readMetadata();
  const decoded = last === undefined ? either.right({}) : decodeWith(Metadata, last.data);
  if (either.isLeft(decoded))
    throw new Fault('corrupt', `${stream.where}: its metadata: ${decoded.left}`, { hint: cure(stream) });
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

/** What to do where events are not shown that were written. */
export const cure = ({ name }: Pick<Stream, 'name'>) =>
  `look at the metadata of the stream ($$${name}): what was not scavenged is there again when $maxCount, $maxAge and $tb are taken away`;

/** The fault for a stream that was softly deleted. */
export const deletedStream = (stream: Stream) =>
  new Fault('corrupt', `${stream.where}: the stream was deleted`, {
    hint: `nothing was written. ${cure(stream)}`,
  });

/** The fault for a stream whose metadata take events away; `gone` says which are not shown any more. */
export const expiredEvents = (stream: Stream, { limits }: StreamSettings, gone: string) =>
  new Fault('corrupt', `${stream.where}: ${gone}: events expire at the cluster${limits && ` (${limits})`}`, {
    hint: cure(stream),
  });
