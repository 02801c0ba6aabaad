import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { listenOnSocket } from '../edge/listen-on-socket.ts';
import type { Logger } from '../ports/logger.ts';
import { createLoopbackGuard, type Guard, type LoopbackAddress, listenOnLoopback, openToAll } from './loopback.ts';
import { plain } from './route.ts';
import { answerTo, type Sources } from './routes.ts';
import { type SendLimits, sendAnswer, sendLimits } from './send-answer.ts';

export interface HttpOptions {
  readonly sources: Sources;
  /** path of the unix socket */
  readonly address: string;
  /** loopback TCP, for clients with the token */
  readonly loopback?: LoopbackAddress & { readonly token: string };
  readonly logger: Logger;
  readonly limits?: SendLimits;
}

export interface HttpServer {
  /** the address of loopback TCP, if it is served */
  readonly loopback: LoopbackAddress | undefined;
  /** Ends streams with a last message and every connection, and removes the socket. */
  close(): Promise<void>;
}

/** Requests have no body and short headers; other clients, and slow ones, are disconnected. Times in milliseconds. */
const limits = { maxHeaderSize: 8192, headersTimeout: 5_000, requestTimeout: 10_000, keepAliveTimeout: 5_000 };
const maxBody = 4096;
const maxConnections = 512;
/** How long streams get for their last message at the end, in milliseconds. */
const farewell = 500;

/**
 * Serves the routes on a unix socket that only its owner may open (0600), and on loopback TCP if that is configured. Replaces a
 * stale socket. Rejects with a Fault (`busy`) if another process is listening on it.
 */
export async function serveHttp(options: HttpOptions): Promise<HttpServer> {
  const { address, loopback, logger } = options;
  const closing = new AbortController();
  const local = createListener(options, closing.signal, () => openToAll);
  await listenOnSocket(local, address);
  watch(local, logger, { address });
  if (loopback === undefined) return { loopback, close: () => closed([local], closing) };
  let guard: Guard = () => plain(503, 'not ready yet: ask again');
  const remote = createListener(options, closing.signal, () => guard);
  const listening = await listenOnLoopback(remote, loopback).catch(async (error) => {
    await closed([local], closing);
    throw error;
  });
  guard = createLoopbackGuard(listening, loopback.token);
  watch(remote, logger, listening);
  return { loopback: listening, close: () => closed([local, remote], closing) };
}

function createListener(options: HttpOptions, stopping: AbortSignal, guard: () => Guard): Server {
  const server = createServer(limits, (request, response) => {
    void respond(request, response, { ...options, stopping, guard: guard() });
  });
  server.maxConnections = maxConnections;
  server.on('clientError', refuseMalformed);
  return server;
}

function watch(server: Server, logger: Logger, address: object): void {
  server.on('error', (error) => logger.error({ err: error, ...address }, 'http socket failed'));
  logger.info(address, 'http is listening');
}

function refuseMalformed(_error: Error, socket: Duplex): void {
  if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
  else socket.destroy();
}

interface Responding extends Pick<HttpOptions, 'sources' | 'logger' | 'limits'> {
  readonly stopping: AbortSignal;
  readonly guard: Guard;
}

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  { sources, logger, stopping, guard, limits: given = sendLimits }: Responding,
): Promise<void> {
  const { method = 'GET', url = '/', headers } = request;
  request.on('error', () => {});
  response.on('error', () => {});
  discardBody(request);
  try {
    const answer = guard(headers) ?? (await answerTo({ method, url, headers }, sources));
    await sendAnswer(response, { method, answer }, { stopping, limits: given });
  } catch (error) {
    logger.error({ err: error, method, url }, 'http request failed');
    if (response.headersSent) return;
    await sendAnswer(response, { method, answer: plain(500, String(error)) }, { stopping, limits: given });
  }
}

function discardBody(request: IncomingMessage): void {
  let bytes = 0;
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > maxBody) request.destroy();
  });
}

async function closed(servers: readonly Server[], closing: AbortController): Promise<void> {
  const all = Promise.all(servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve()))));
  closing.abort();
  for (const server of servers) server.closeIdleConnections();
  const timer = setTimeout(() => {
    for (const server of servers) server.closeAllConnections();
  }, farewell);
  await all;
  clearTimeout(timer);
}
