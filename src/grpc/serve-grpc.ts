import { createServer, type Socket } from 'node:net';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { HealthImplementation } from 'grpc-health-check';
import type { Snapshots } from '../app/snapshots.ts';
import { listenOnSocket } from '../edge/listen-on-socket.ts';
import type { Logger } from '../ports/logger.ts';
import { createCallWatch, type OnCall } from './call-watch.ts';
import { createHandlers } from './handlers.ts';
import { serviceName, snapshotsService } from './protocol.ts';

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

/** containerd's limit, both ways. */
const mostBytes = 16 * 1024 * 1024;

/**
 * No pings of our own, and none of the client's refused: a unix socket's peer that dies is seen at once. Connections may
 * be idle for ever, as containerd's are.
 */
const options = {
  'grpc.max_receive_message_length': mostBytes,
  'grpc.max_send_message_length': mostBytes,
  'grpc.enable_channelz': 0,
};

/** How long connections may take to say goodbye when all calls are answered, in milliseconds. */
const farewell = 200;

/** Serves containerd's snapshots service and health checks on a unix socket. Rejects with a Fault, see listenOnSocket. */
export async function serveGrpc({ snapshots, address, logger, onCall }: GrpcOptions): Promise<GrpcServer> {
  const calls = createCallWatch(onCall);
  const server = new Server(options);
  server.addService(snapshotsService, createHandlers({ snapshots, logger, calls }));
  const health = new HealthImplementation();
  health.addToServer(server);
  const setServing = (serving: boolean): void => {
    for (const name of ['', serviceName]) health.setStatus(name, serving ? 'SERVING' : 'NOT_SERVING');
  };
  setServing(true);

  // The listener is ours and not grpc-js's, which neither sets a socket's mode nor replaces a stale one.
  const connections = server.createConnectionInjector(ServerCredentials.createInsecure());
  const sockets = new Set<Socket>();
  const listener = createServer((socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    connections.injectConnection(socket);
  });
  await listenOnSocket(listener, address);
  listener.on('error', (error) => logger.error({ err: error, address }, 'socket failed'));

  const drain = async (timeoutMs: number): Promise<void> => {
    setServing(false);
    const closed = new Promise<void>((resolve) => listener.close(() => resolve()));
    server.tryShutdown(() => {});
    await within(timeoutMs, Promise.race([closed, calls.idle().then(() => within(farewell, closed))]));
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  let drained: Promise<void> | undefined;
  return {
    setServing,
    drain: (timeoutMs) => {
      drained ??= drain(timeoutMs);
      return drained;
    },
  };
}

/** Resolves when the promise does, after so many milliseconds at the latest. */
async function within(milliseconds: number, promise: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, milliseconds);
  });
  await Promise.race([promise, over]);
  clearTimeout(timer);
}
