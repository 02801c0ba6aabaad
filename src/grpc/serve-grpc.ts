import {
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { Snapshots } from '../app/store/store.ts';
import { listenOnSocket } from '../edge/listen-on-socket.ts';
import type { Logger } from '../ports/logger.ts';
import { withTimeout } from '../ports/promises.ts';
import { Call, type Handler } from './call.ts';
import { type CallWatch, createCallWatch, type OnCall } from './call-watch.ts';
import { createHandlers } from './handlers.ts';
import { createHealth } from './health.ts';
import { methodOf, serviceName } from './protocol.ts';

export interface GrpcOptions {
  readonly snapshots: Snapshots;
  /** path of the unix socket */
  readonly address: string;
  readonly logger: Logger;
  readonly onCall?: OnCall;
}

export interface GrpcServer {
  /** What health checks are answered (grpc.health.v1); serving from the start. */
  setServing(serving: boolean): void;
  /**
   * Takes no new connections and calls, removes the socket, lets the calls that run be answered, and resolves when all
   * connections are closed: after `timeoutMs` at the latest, when it cuts off what is left. Idempotent.
   */
  drain(timeoutMs: number): Promise<void>;
}

/**
 * No keepalive pings, and clients may send any: on a unix socket a peer that dies is seen at once. Connections may be idle
 * without limit, as containerd's are. What one connection may hold is bounded by the size of messages, not here.
 */
const options = { maxSessionMemory: Number.MAX_SAFE_INTEGER };

/** Milliseconds for connections to close when all calls are answered. */
const goodbyeMs = 200;

/**
 * Serves containerd's snapshots service and health checks on a unix socket: gRPC over Node's own HTTP/2, as far as that
 * service needs it. Rejects with a Fault, see listenOnSocket.
 */
export async function serveGrpc({ snapshots, address, logger, onCall }: GrpcOptions): Promise<GrpcServer> {
  const calls = createCallWatch(onCall);
  const health = createHealth([serviceName]);
  const handlers = Object.entries(createHandlers({ snapshots, logger, calls }));
  const byPath = handlers.map(([name, handler]) => [methodOf(name).path, handler] as const);
  const server = createServer(options);
  const sessions = new Set<ServerHttp2Session>();
  server.on('stream', createRouter(new Map([...byPath, ...health.handlers])));
  server.on('session', (session) => {
    sessions.add(session);
    session.once('close', () => sessions.delete(session));
    // A protocol error of a client ends its own connection only.
    session.on('error', () => {});
  });
  await listenOnSocket(server, address);
  server.on('error', (error) => logger.error({ err: error, address }, 'socket failed'));
  let drained: Promise<void> | undefined;
  return {
    setServing: health.setServing,
    drain: (timeoutMs) => {
      health.setServing(false);
      drained ??= drain({ server, sessions, calls }, timeoutMs);
      return drained;
    },
  };
}

interface Serving {
  readonly server: Http2Server;
  readonly sessions: ReadonlySet<ServerHttp2Session>;
  readonly calls: CallWatch;
}

async function drain({ server, sessions, calls }: Serving, timeoutMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  for (const session of sessions) session.close();
  await withTimeout(
    timeoutMs,
    Promise.race([closed, calls.idle().then(async () => void (await withTimeout(goodbyeMs, closed)))]),
  );
  for (const session of sessions) session.destroy();
  await closed;
}

const grpc = /^application\/grpc(?:$|[+;])/;

/** Routes each request to the handler of its path. Anything but gRPC is refused as HTTP, an unknown path is UNIMPLEMENTED. */
function createRouter(handlers: ReadonlyMap<string, Handler>) {
  return (stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void => {
    // A client that hangs up is no error: the handler finds it gone.
    stream.on('error', () => {});
    const { ':method': method, ':path': path = '', 'content-type': type = '' } = headers;
    if (method !== 'POST') turnAway(stream, 405);
    else if (!grpc.test(type)) turnAway(stream, 415);
    else (handlers.get(path) ?? unknown)(new Call(stream, headers));
  };
}

const unknown: Handler = (call) => {
  call.stream.resume();
  call.fail({ code: 'UNIMPLEMENTED', details: `method ${call.headers[':path']}: not known` });
};

function turnAway(stream: ServerHttp2Stream, status: number): void {
  stream.resume();
  stream.respond({ ':status': status }, { endStream: true });
}
