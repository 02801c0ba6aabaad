import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { listenOnSocket } from '../edge/listen-on-socket.ts';
import type { Logger } from '../ports/logger.ts';
import { answerTo, type HttpAnswer, type Sources } from './routes.ts';

export interface HttpOptions extends Sources {
  /** path of the unix socket */
  readonly address: string;
  readonly logger: Logger;
}

/** No request here has a body or long headers: whoever sends them, or sends slowly, is cut off. Times in milliseconds. */
const limits = { maxHeaderSize: 8192, headersTimeout: 5_000, requestTimeout: 10_000, keepAliveTimeout: 5_000 };
const largestBody = 4096;

/**
 * Serves metrics, health and reconcile on a unix socket that its owner alone may open (0600). A socket that nobody
 * listens on any more is replaced; a Fault (`busy`) tells of one that somebody does. `close` ends open connections and
 * removes the socket.
 */
export async function serveHttp({ address, logger, ...sources }: HttpOptions): Promise<{ close(): Promise<void> }> {
  const server = createServer(limits, (request, response) => {
    void respond(request, response, { sources, logger });
  });
  server.maxConnections = 128;
  server.on('clientError', refuseMalformed);
  await listenOnSocket(server, address);
  server.on('error', (error) => logger.error({ err: error, address }, 'http socket failed'));
  logger.info({ address }, 'http is listening');
  return { close: () => closed(server) };
}

function refuseMalformed(_error: Error, socket: Duplex): void {
  if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
  else socket.destroy();
}

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  { sources, logger }: { sources: Sources; logger: Logger },
): Promise<void> {
  const { method = 'GET', url = '/' } = request;
  request.on('error', () => {});
  response.on('error', () => {});
  throwAwayBody(request);
  try {
    send(response, method, await answerTo({ method, url }, sources));
  } catch (error) {
    logger.error({ err: error, method, url }, 'http request failed');
    send(response, method, { status: 500, type: 'text/plain', body: `${String(error)}\n` });
  }
}

function throwAwayBody(request: IncomingMessage): void {
  let bytes = 0;
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > largestBody) request.destroy();
  });
}

function send(response: ServerResponse, method: string, { status, type, body, headers = {} }: HttpAnswer): void {
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    ...headers,
  });
  response.end(method === 'HEAD' ? undefined : body);
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
