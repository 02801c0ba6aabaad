import type { ServiceDefinition } from '@grpc/proto-loader';
import * as either from 'fp-ts/lib/Either.js';
import { errorText } from '../ports/fault.ts';
import type { CallStatus } from './status.ts';

/** A request out of its bytes, or the status for bytes that are no such message. */
export function decoded<Request>(
  { requestDeserialize }: Pick<ServiceDefinition[string], 'requestDeserialize'>,
  bytes: Buffer,
): either.Either<CallStatus, Request> {
  try {
    return either.right(requestDeserialize(bytes) as Request);
  } catch (error) {
    return either.left({ code: 'INTERNAL', details: `request: ${errorText(error)}` });
  }
}
