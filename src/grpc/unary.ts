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
  const outcomeOf = (answer: Answer<Value>): Outcome =>
    either.isLeft(answer) ? either.left(refusalStatus(answer.left)) : either.right(encode(answer.right));
  const answer = (call: Call, message: Outcome): Outcome | Promise<Outcome> => {
    const request = either.isLeft(message) ? message : decoded<Request>(method, message.right);
    if (either.isLeft(request)) return request;
    // What is in memory is answered in this turn.
    const answered = run(request.right, call.headers, call);
    return answered instanceof Promise ? answered.then(outcomeOf) : outcomeOf(answered);
  };
  return (call) =>
    readMessage(call.stream, (message) => {
      const finished = edge.calls.begin(name);
      const send = (outcome: Outcome) => {
        if (either.isLeft(outcome)) call.fail(outcome.left);
        else call.answer(outcome.right);
        finished(call.code);
      };
      const fail = (error: unknown): Outcome => {
        if (!call.gone) edge.logger.error({ err: error, method: name }, 'call failed');
        return either.left(errorStatus(error));
      };
      let outcome: Outcome | Promise<Outcome>;
      try {
        outcome = answer(call, message);
      } catch (error) {
        outcome = fail(error);
      }
      if (outcome instanceof Promise) void outcome.catch(fail).then(send);
      else send(outcome);
    });
}

type Outcome = either.Either<CallStatus, Buffer>;
