import { type handleUnaryCall, type Metadata, status } from '@grpc/grpc-js';
import { either } from 'fp-ts';
import type { Answer } from '../domain/refusal.ts';
import type { Edge } from './edge.ts';
import { type CallStatus, errorStatus, refusalStatus } from './status.ts';

/** Works out the answer to one request. What it throws becomes the call's status and a line in the log. */
export type Run<Request, Response> = (
  request: Request,
  metadata: Metadata,
) => Answer<Response> | Promise<Answer<Response>>;

/**
 * A call of one request and one answer. It runs to its end even if the caller hangs up: what has been asked for is then
 * done or undone, and only the answer is lost.
 */
export function unary<Request, Response>(
  edge: Edge,
  method: string,
  run: Run<Request, Response>,
): handleUnaryCall<Request, Response> {
  return (call, callback) => {
    const finished = edge.calls.begin(method);
    void settle(edge, method, () => run(call.request, call.metadata)).then((outcome) => {
      finished(call.cancelled ? status.CANCELLED : either.isLeft(outcome) ? outcome.left.code : status.OK);
      if (either.isLeft(outcome)) callback(outcome.left);
      else callback(null, outcome.right);
    });
  };
}

async function settle<Response>(
  { logger }: Edge,
  method: string,
  run: () => Answer<Response> | Promise<Answer<Response>>,
): Promise<either.Either<CallStatus, Response>> {
  try {
    return either.mapLeft(refusalStatus)(await run());
  } catch (error) {
    logger.error({ err: error, method }, 'call failed');
    return either.left(errorStatus(error));
  }
}
