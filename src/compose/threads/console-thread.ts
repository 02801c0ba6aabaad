import { once } from 'node:events';
import { type IncomingMessage, request, type ServerResponse } from 'node:http';
import { Worker } from 'node:worker_threads';
import { workerProgram } from '../../adapters/system/files.ts';
import { securityHeaders } from '../../console/server/access.ts';
import { answerBefore } from '../../console/server/door.ts';
import type { HttpAnswer } from '../../http/route.ts';
import { sendAnswer, sendLimits } from '../../http/send-answer.ts';
import { errorText } from '../../ports/fault.ts';
import type { Logger } from '../../ports/logger.ts';
import { pageDirectory } from '../console/page-directory.ts';

/** What the console of a daemon serves, and to whom. */
export interface ConsoleJob {
  readonly root: string;
  /** the daemon's settings file, if it is not the default one */
  readonly config: string | undefined;
  /** the token of the daemon's listener */
  readonly token: string;
  /** address of the daemon's listener */
  readonly host: string;
  readonly readOnly: boolean;
}

/** The console of a daemon, on a thread of its own while somebody uses it. */
export interface ConsoleThread {
  /** Passes a request on, and its answer back. */
  pass(asked: IncomingMessage, response: ServerResponse): void;
  close(): Promise<void>;
}

const program = workerProgram(import.meta.url, 'console-worker');

/** Milliseconds without a request until the thread, and all that it keeps in memory, is given up. */
const unused = 10 * 60_000;

/** Mebibytes of objects: a store with 1,000,000 events and 50,000 snapshots takes up to 700 with all else. */
const maxObjects = 1_024;

/**
 * Starts with a login with the token, and again with the next one after the thread has ended for any reason. Until then a
 * request is answered here.
 */
export function createConsoleThread(job: ConsoleJob, logger: Logger, memory = maxObjects): ConsoleThread {
  const door = { host: job.host, token: job.token, page: pageDirectory() };
  let started: { readonly worker: Worker; readonly port: Promise<number> } | undefined;
  let open = 0;
  let timer: NodeJS.Timeout | undefined;
  const start = () => {
    const worker = new Worker(program, { workerData: job, resourceLimits: { maxOldGenerationSizeMb: memory } });
    const ended = once(worker, 'exit').then(() => Promise.reject(new Error('its thread has ended')));
    const port = Promise.race([once(worker, 'message').then(([first]) => first as number), ended]);
    port.catch(() => {});
    worker.on('error', (error) => logger.error({ err: error }, 'the console failed'));
    worker.once('exit', () => {
      if (started?.worker === worker) started = undefined;
    });
    return { worker, port };
  };
  const end = async () => {
    const { worker } = started ?? {};
    started = undefined;
    await worker?.terminate();
  };
  const used = (count: number) => {
    open += count;
    clearTimeout(timer);
    if (open === 0) timer = setTimeout(end, unused).unref();
  };
  const handOver = async (asked: IncomingMessage, response: ServerResponse) => {
    const { method = 'GET', url = '/', headers } = asked;
    const answer = started === undefined ? await answerBefore({ method, url, headers }, door) : undefined;
    // Its client has gone while code or file was read: it will not close again.
    if (response.destroyed) return;
    if (answer !== undefined) return send(response, method, answer);
    used(1);
    response.once('close', () => used(-1));
    started ??= start();
    forward(asked, response, await started.port);
  };
  return {
    pass: (asked, response) => {
      for (const stream of [asked, response]) stream.on('error', () => {});
      // Requests have no body.
      asked.resume();
      handOver(asked, response).catch((error) => refuse(response, errorText(error)));
    },
    close: async () => {
      clearTimeout(timer);
      await end();
    },
  };
}

/**
 * The headers that the console reads. Those about the connection or a body are not passed: with them a client without token could
 * make the request invalid, or another one's on the same connection.
 */
const read = [
  ...['host', 'origin', 'cookie', 'authorization', 'sec-fetch-site', 'sec-fetch-mode'],
  ...['snapledger-csrf', 'last-event-id'],
];

function forward(asked: IncomingMessage, response: ServerResponse, port: number): void {
  if (response.destroyed) return;
  const { method, url } = asked;
  const headers = Object.fromEntries(
    read.flatMap((name) => (name in asked.headers ? [[name, asked.headers[name]]] : [])),
  );
  const passed = request({ host: '127.0.0.1', port, method, path: url, headers, setHost: false }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
    answer.on('error', () => response.destroy());
  });
  passed.on('error', (error) => refuse(response, error.message));
  response.once('close', () => passed.destroy());
  passed.end();
}

function send(response: ServerResponse, method: string, answer: HttpAnswer): Promise<void> {
  const headers = { ...securityHeaders, ...answer.headers };
  const { signal } = new AbortController();
  return sendAnswer(response, { method, answer: { ...answer, headers } }, { stopping: signal, limits: sendLimits });
}

function refuse(response: ServerResponse, why: string): void {
  if (response.headersSent) response.destroy();
  else
    response
      .writeHead(503, { 'content-type': 'text/plain' })
      .end(
        `the console failed: ${why}\nhint: the log of the daemon has the reason; enter the token again to start the console again\n`,
      );
}
