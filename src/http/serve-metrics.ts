import { createServer, type IncomingMessage } from 'node:http';
import type { Logger } from '../ports/logger.ts';
import { createHostGuard, type Guard, type LoopbackAddress, listenOnLoopback } from './loopback.ts';
import { asJson, type HttpAnswer, plain } from './route.ts';
import { sendAnswer, sendLimits } from './send-answer.ts';

export interface MetricsSources {
  metrics(): Promise<{ readonly contentType: string; readonly body: string }>;
  health(): { readonly serving: boolean };
}

/** Requests have no body and short headers. Times in milliseconds. */
const limits = { maxHeaderSize: 8192, headersTimeout: 5_000, requestTimeout: 10_000, keepAliveTimeout: 5_000 };

/**
 * Serves `/metrics` and `/healthz` on loopback TCP, to every user of the machine. Rejects with a Fault: `busy` if another process
 * listens there, `io`.
 */
export async function serveMetrics(
  sources: MetricsSources,
  address: LoopbackAddress,
  logger: Logger,
): Promise<{ readonly listening: LoopbackAddress; close(): Promise<void> }> {
  let guard: Guard = () => plain(503, 'not ready yet: ask again');
  const stopping = new AbortController().signal;
  const server = createServer(limits, (request, response) => {
    response.on('error', () => {});
    request.on('error', () => {});
    request.resume();
    answerTo(request, guard, sources)
      .catch((error: unknown) => plain(500, String(error)))
      .then((answer) =>
        sendAnswer(response, { method: request.method ?? 'GET', answer }, { stopping, limits: sendLimits }),
      )
      .catch((error: unknown) => logger.error({ err: error }, 'http request failed'));
  });
  server.maxConnections = 64;
  const listening = await listenOnLoopback(server, address);
  guard = createHostGuard(listening);
  logger.info(listening, 'http is listening');
  return {
    listening,
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

async function answerTo(
  { method, url, headers }: IncomingMessage,
  guard: Guard,
  { metrics, health }: MetricsSources,
): Promise<HttpAnswer> {
  const refused = guard(headers);
  if (refused !== undefined) return refused;
  if (method !== 'GET' && method !== 'HEAD') return plain(405, 'only GET and HEAD', { allow: 'GET, HEAD' });
  const { body, contentType } = url === '/metrics' ? await metrics() : { body: '', contentType: '' };
  if (url === '/metrics') return { status: 200, type: contentType, body };
  if (url !== '/healthz') return plain(404, 'there are /metrics and /healthz');
  const report = health();
  return asJson(report, report.serving ? 200 : 503);
}
