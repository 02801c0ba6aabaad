import type { ServerResponse } from 'node:http';
import { errorText } from '../ports/fault.ts';
import type { HttpAnswer, StreamBody } from './route.ts';

/** Milliseconds until a client that reads nothing of a stream is disconnected, and for the last message to it after that. */
export const sendLimits = { stalled: 30_000, farewell: 5_000 };
export type SendLimits = typeof sendLimits;

/** Sends an answer, and resolves when all of it is handed over or its reader has gone. `stopping` ends a stream. */
export async function sendAnswer(
  response: ServerResponse,
  { method, answer }: { readonly method: string; readonly answer: HttpAnswer },
  { stopping, limits }: { readonly stopping: AbortSignal; readonly limits: SendLimits },
): Promise<void> {
  const { status, type, body, headers = {} } = answer;
  const whole = typeof body === 'string' || body instanceof Uint8Array;
  const forKind = whole ? forWhole(body) : forStream;
  response.writeHead(status, { 'content-type': type, ...forKind, ...headers });
  if (method === 'HEAD') response.end();
  else if (whole) response.end(body);
  else await sendStream(response, body, { stopping, limits });
}

const forWhole = (body: string | Uint8Array) => ({
  'content-length': Buffer.byteLength(body),
  'cache-control': 'no-store',
});

/** A proxy on the way passes each chunk on when it comes: nginx else gathers some kilobytes first, others compress. */
const forStream = { 'cache-control': 'no-store, no-transform', 'x-accel-buffering': 'no' } as const;

/** An answer that ends early is disconnected after its last message, so that a client can't take it for complete. */
async function sendStream(
  response: ServerResponse,
  body: StreamBody,
  { stopping, limits }: { readonly stopping: AbortSignal; readonly limits: SendLimits },
): Promise<void> {
  const ended = new AbortController();
  const end = (why: string) => ended.abort(why);
  const stop = () => end('the daemon stops: connect again');
  response.once('close', () => end('gone'));
  stopping.addEventListener('abort', stop, { once: true });
  if (stopping.aborted) stop();
  // The timer of the socket runs on while bytes leave it, however slowly.
  response.setTimeout(limits.stalled, () =>
    end(`no data was read for ${limits.stalled / 1000} seconds: connect again`),
  );
  response.flushHeaders();
  try {
    await pump(response, body.chunks(ended.signal), ended.signal);
  } catch (error) {
    end(errorText(error));
    throw error;
  } finally {
    stopping.removeEventListener('abort', stop);
    if (!response.destroyed) finish(response, ended.signal, body, limits);
  }
}

/** Asks for a chunk while the one before it is on its way to the kernel, and for no more than that. */
async function pump(response: ServerResponse, chunks: AsyncIterable<string | Uint8Array>, signal: AbortSignal) {
  let written = Promise.resolve();
  for await (const chunk of chunks) {
    await written;
    if (signal.aborted) return;
    written = write(response, chunk, signal);
  }
  await written;
}

/** Resolves when the kernel has a chunk, or the client is gone. */
function write(response: ServerResponse, chunk: string | Uint8Array, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      signal.removeEventListener('abort', done);
      resolve();
    };
    signal.addEventListener('abort', done, { once: true });
    response.write(chunk, done);
  });
}

function finish(
  response: ServerResponse,
  { aborted, reason }: AbortSignal,
  body: StreamBody,
  limits: SendLimits,
): void {
  response.setTimeout(0);
  if (!aborted) {
    response.end();
    return;
  }
  const cut = () => response.destroy();
  const timer = setTimeout(cut, limits.farewell);
  response.once('close', () => clearTimeout(timer));
  response.write(body.farewell(String(reason)), cut);
}
