import type { IncomingHttpHeaders } from 'node:http2';
import * as either from 'fp-ts/lib/Either.js';
import type { Answer } from '../domain/commands.ts';
import type { Call, Handler } from './call.ts';
import type { GrpcDeps } from './call-watch.ts';
import { decoded, readMessage } from './framing.ts';
import { methodOf } from './protocol.ts';
import { type CallStatus, errorStatus, refusalStatus } from './status.ts';

/** Handles one request. What it throws becomes the call's status and a line in the log. */
export type Run<Request, Value> = (
  request: Request,
  headers: IncomingHttpHeaders,
  call: Pick<Call, 'ended'>,
) => Answer<Value> | Promise<Answer<Value>>;

/**
 * A call of one request and one answer. It runs to its end even if the caller hangs up, unless it only reads: what has been asked
 * for is then done or undone, and only the answer is lost. `encode` makes the bytes of the answer from the value that `run` gives.
 */
export function unary<Request, Value>(
  edge: GrpcDeps,
  name: string,
  run: Run<Request, Value>,
  encode: (value: Value) => Buffer,
): Handler {
  const method = methodOf(name);
  return (call) =>
    readMessage(call.stream, (message) => {
      const finished = edge.calls.begin(name);
      const request = either.chain((bytes: Buffer) => decoded<Request>(method, bytes))(message);
      const answer = async (asked: Request) => either.map(encode)(await run(asked, call.headers, call));
      void settle(edge, { name, call }, request, answer).then((outcome) => {
        if (either.isLeft(outcome)) call.fail(outcome.left);
        else call.answer(outcome.right);
        finished(call.code);
      });
    });
}

async function settle<Request>(
  { logger }: GrpcDeps,
  { name: method, call }: { readonly name: string; readonly call: Pick<Call, 'gone'> },
  request: either.Either<CallStatus, Request>,
  run: (request: Request) => Promise<Answer<Buffer>>,
): Promise<either.Either<CallStatus, Buffer>> {
  if (either.isLeft(request)) return request;
  try {
    return either.mapLeft(refusalStatus)(await run(request.right));
  } catch (error) {
    if (!call.gone) logger.error({ err: error, method }, 'call failed');
    return either.left(errorStatus(error));
  }
}
