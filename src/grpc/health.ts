import { fromJSON, type ServiceDefinition } from '@grpc/proto-loader';
import * as either from 'fp-ts/lib/Either.js';
import type { Call, Handler } from './call.ts';
import { decoded, readMessage } from './framing.ts';

/** The standard health service (`grpc.health.v1`), Check and Watch, for the server as a whole and for its services. */
export interface Health {
  /** by path */
  readonly handlers: ReadonlyMap<string, Handler>;
  /** What all checks are answered from now on. */
  setServing(serving: boolean): void;
}

const inside = <T>(nested: T) => ({ nested });
const call = { requestType: 'HealthCheckRequest', responseType: 'HealthCheckResponse', comment: '' };
const messages = {
  Health: { methods: { Check: call, Watch: { ...call, responseStream: true } } },
  HealthCheckRequest: { fields: { service: { type: 'string', id: 1 } } },
  HealthCheckResponse: { fields: { status: { type: 'int32', id: 1 } } },
};
const root = inside({ grpc: inside({ health: inside({ v1: inside(messages) }) }) });
const definition = fromJSON(root, { defaults: true })['grpc.health.v1.Health'] as ServiceDefinition;

/** Of the enum ServingStatus. */
const serving = 1;
const notServing = 2;
const unknownService = 3;

export function createHealth(services: readonly string[]): Health {
  let status = serving;
  const watchers = new Set<(status: number) => void>();
  const known = new Set(['', ...services]);
  const check = (asked: Call, service: string, answer: (status: number) => Buffer) => {
    if (known.has(service)) asked.answer(answer(status));
    else asked.fail({ code: 'NOT_FOUND', details: `service ${service}: not known` });
  };
  const watch = (asked: Call, service: string, answer: (status: number) => Buffer) => {
    const tell = (now: number) => void asked.send(answer(now));
    tell(known.has(service) ? status : unknownService);
    if (!known.has(service)) return;
    watchers.add(tell);
    asked.stream.once('close', () => watchers.delete(tell));
  };
  return {
    handlers: new Map([handlerOf('Check', check), handlerOf('Watch', watch)]),
    setServing: (now) => {
      status = now ? serving : notServing;
      for (const tell of watchers) tell(status);
    },
  };
}

function handlerOf(
  name: 'Check' | 'Watch',
  run: (call: Call, service: string, answer: (status: number) => Buffer) => void,
): [string, Handler] {
  const method = definition[name];
  if (method === undefined) throw new TypeError(`the health service has no method ${name}`);
  const answer = (status: number) => method.responseSerialize({ status });
  const handler: Handler = (asked) =>
    readMessage(asked.stream, (message) => {
      const request = either.chain((bytes: Buffer) => decoded<{ service: string }>(method, bytes))(message);
      if (either.isLeft(request)) asked.fail(request.left);
      else run(asked, request.right.service, answer);
    });
  return [method.path, handler];
}
