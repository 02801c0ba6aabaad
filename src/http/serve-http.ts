import { setMaxListeners } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { listenOnSocket } from '../edge/listen-on-socket.ts';
import type { Logger } from '../ports/logger.ts';
import { createLoopbackGuard, type Guard, type LoopbackAddress, listenOnLoopback, openToAll } from './loopback.ts';
import { type HttpAnswer, plain } from './route.ts';
import type { PlainRequest } from './router.ts';
import { answerTo, type Sources } from './routes.ts';
import { type SendLimits, sendAnswer, sendLimits } from './send-answer.ts';

interface Serving {
  readonly logger: Logger;
  readonly limits?: SendLimits;
}

export interface HttpOptions extends Serving {
  readonly sources: Sources;
  /** path of the unix socket */
  readonly address: string;
  /** loopback TCP, for clients with the token */
  readonly loopback?: Loopback;
  /** Answers a request on loopback TCP in its own way, from any client, and returns true; false for one that it leaves alone. */
  readonly pass?: Pass;
}

type Pass = (request: IncomingMessage, response: ServerResponse) => boolean;

type Loopback = LoopbackAddress & { readonly token: string };
type Answering = (request: PlainRequest) => Promise<HttpAnswer>;

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
 * Serves the routes of the daemon on a unix socket that only its owner may open (0600), and on loopback TCP if that is configured. Replaces a
 * stale socket. Rejects with a Fault (`busy`) if another process is listening on it.
 */
export async function serveHttp({ sources, address, loopback, pass, ...serving }: HttpOptions): Promise<HttpServer> {
  const answer: Answering = (request) => answerTo(request, sources);
  const closing = new AbortController();
  const local = createListener({ ...serving, answer }, closing.signal, () => openToAll);
  await listenOnSocket(local, address);
  watch(local, serving.logger, { address });
  const close = () => closed(local, closing);
  if (loopback === undefined) return { loopback, close };
  const remote = await serveLoopback({ ...serving, answer, loopback, ...(pass && { pass }) }).catch(async (error) => {
    await close();
    throw error;
  });
  return { loopback: remote.loopback, close: async () => void (await Promise.all([close(), remote.close()])) };
}

/** Answers clients with the token on loopback TCP. Rejects with a Fault (`busy`) if another process is listening there. */
export const serveLoopback = ({
  loopback,
  ...options
}: Serving & { readonly answer: Answering; readonly loopback: Loopback; readonly pass?: Pass }) =>
  serveTcp({ ...options, loopback, guardFor: (listening) => createLoopbackGuard(listening, loopback.token) });

interface TcpOptions extends Serving {
  readonly answer: Answering;
  readonly loopback: LoopbackAddress;
  /** default: the answers themselves decide who may ask */
  readonly guardFor?: (listening: LoopbackAddress) => Guard;
  readonly pass?: Pass;
}

/** Answers the requests on loopback TCP that the guard lets pass. Rejects with a Fault (`busy`) if another process is listening there. */
export async function serveTcp({
  loopback,
  guardFor = () => openToAll,
  ...options
}: TcpOptions): Promise<HttpServer & { readonly loopback: LoopbackAddress }> {
  const closing = new AbortController();
  let guard: Guard = () => plain(503, 'not ready yet: ask again');
  const server = createListener(options, closing.signal, () => guard);
  const listening = await listenOnLoopback(server, loopback);
  guard = guardFor(listening);
  watch(server, options.logger, listening);
  return { loopback: listening, close: () => closed(server, closing) };
}

function createListener(
  { pass, ...options }: Serving & { readonly answer: Answering; readonly pass?: Pass },
  stopping: AbortSignal,
  guard: () => Guard,
): Server {
  setMaxListeners(0, stopping); // one for each stream under way
  const server = createServer(limits, (request, response) => {
    if (pass?.(request, response) === true) return;
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

interface Responding extends Serving {
  readonly answer: Answering;
  readonly stopping: AbortSignal;
  readonly guard: Guard;
}

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  { answer: answering, logger, stopping, guard, limits: given = sendLimits }: Responding,
): Promise<void> {
  const { method = 'GET', url = '/', headers } = request;
  request.on('error', () => {});
  response.on('error', () => {});
  discardBody(request);
  const gone = new AbortController();
  response.once('close', () => response.writableFinished || gone.abort());
  try {
    const answer = guard(headers) ?? (await answering({ method, url, headers, gone: gone.signal }));
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

async function closed(server: Server, closing: AbortController): Promise<void> {
  const all = new Promise<void>((resolve) => server.close(() => resolve()));
  closing.abort();
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), farewell);
  await all;
  clearTimeout(timer);
}
