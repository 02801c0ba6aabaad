import * as either from 'fp-ts/lib/Either.js';
import { decodeEnvelope, type Envelope } from '../../../../../events/envelope.ts';
import { errorText, Fault } from '../../../../ports/fault.ts';
import type { VerifiedRecord } from '../verify/verify-block.ts';

/** The envelope in a record, or why this release can't read it: bytes that are as they were written are another release's. */
export function decodeRecord({ body }: Pick<VerifiedRecord, 'body'>): either.Either<string, Envelope> {
  let wire: unknown;
  try {
    wire = JSON.parse(body);
  } catch (error) {
    return either.left(errorText(error));
  }
  return decodeEnvelope(wire);
}

/** The fault for a record that is whole, but that this release can't read. */
export function unreadable(file: string, position: number, why: string): Fault {
  return new Fault('unsupported', `log segment ${file}: position ${position}: ${why}`, {
    hint: 'run the release of snapledger that wrote it, or a newer one',
  });
}
