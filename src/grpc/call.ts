import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { Fault } from '../ports/fault.ts';
import { framed, maxMessageBytes } from './framing.ts';
import { type CallStatus, type StatusCode, statusCodes } from './status.ts';

/** Answers one call: it must see to it that `answer`, `end` or `fail` is called once, whatever happens. */
export type Handler = (call: Call) => void;

const contentType = { ':status': 200, 'content-type': 'application/grpc' };
const withTrailers = { waitForTrailers: true, sendDate: false };
const withoutBody = { endStream: true, sendDate: false };
const okTrailers = { 'grpc-status': '0' };

function sendOk(this: ServerHttp2Stream): void {
  this.sendTrailers(okTrailers);
}

/** One call on its way through the server. What is sent after the client has gone is dropped. */
export class Call {
  readonly stream: ServerHttp2Stream;
  readonly headers: IncomingHttpHeaders;
  #answered = false;
  #code: StatusCode = 'CANCELLED';
  #timer: NodeJS.Timeout | undefined;
  #ended: AbortController | undefined;

  constructor(stream: ServerHttp2Stream, headers: IncomingHttpHeaders) {
    this.stream = stream;
    this.headers = headers;
    const timeout = headers['grpc-timeout'] === undefined ? undefined : timeoutOf(headers['grpc-timeout']);
    if (timeout !== undefined) this.#expireIn(timeout);
  }

  /** No answer can be sent any more: the call was answered, the client hung up, or its deadline has passed. */
  get gone(): boolean {
    return this.#answered || this.stream.destroyed || this.stream.closed;
  }

  /** The status that was sent; CANCELLED if the client hung up before, and until then. */
  get code(): StatusCode {
    return this.#code;
  }

  /** Aborted when the stream ends: the client hung up, its deadline has passed, or it was answered. */
  get ended(): AbortSignal {
    if (this.#ended === undefined) {
      const ended = new AbortController();
      this.#ended = ended;
      if (this.gone) ended.abort(hasEnded());
      else this.stream.once('close', () => ended.abort(hasEnded()));
    }
    return this.#ended.signal;
  }

  /** Sends the only message and OK. */
  answer(message: Uint8Array): void {
    if (message.length > maxMessageBytes) this.fail(tooLarge(message.length));
    else if (this.#finish('OK')) {
      this.#begin();
      this.stream.end(framed(message));
    }
  }

  /** Sends one of several messages; resolves when it is handed to the connection, or when the client is gone. */
  send(message: Uint8Array): Promise<void> {
    const { stream } = this;
    if (this.gone) return Promise.resolve();
    if (!stream.headersSent) this.#begin();
    return new Promise((resolve) => {
      const done = () => {
        stream.off('close', done);
        resolve();
      };
      stream.once('close', done);
      stream.write(framed(message), done);
    });
  }

  /** Ends an answer of several messages, or of none, with OK. */
  end(): void {
    if (!this.#finish('OK')) return;
    if (!this.stream.headersSent) this.#begin();
    this.stream.end();
  }

  /** Ends the call with a status other than OK. */
  fail(status: CallStatus): void {
    if (!this.#finish(status.code)) return;
    const { stream } = this;
    const trailers = trailersOf(status);
    if (stream.headersSent) {
      stream.off('wantTrailers', sendOk);
      stream.once('wantTrailers', () => stream.sendTrailers(trailers));
      stream.end();
    } else stream.respond({ ...contentType, ...trailers }, withoutBody);
  }

  #begin(): void {
    this.stream.respond(contentType, withTrailers);
    this.stream.on('wantTrailers', sendOk);
  }

  /** Ends the call with a status. False if it has ended before, or the client is gone. */
  #finish(code: StatusCode): boolean {
    const open = !this.gone;
    if (open) this.#code = code;
    this.#answered = true;
    clearTimeout(this.#timer);
    return open;
  }

  #expireIn(milliseconds: number): void {
    this.#timer = setTimeout(
      () => this.fail({ code: 'DEADLINE_EXCEEDED', details: 'the deadline has passed; what was asked for goes on' }),
      milliseconds,
    );
    this.stream.once('close', () => clearTimeout(this.#timer));
  }
}

const hasEnded = () => new Fault('stopped', 'the client has hung up', { hint: 'ask again' });

function trailersOf({ code, details }: CallStatus): Readonly<Record<string, string>> {
  return { 'grpc-status': String(statusCodes[code]), 'grpc-message': encoded(details) };
}

/** Header values are printable ASCII: every other byte, and the percent sign, is written as %XX. */
const encoded = (text: string): string =>
  text.replace(/[^\x20-\x24\x26-\x7e]+/gu, (some) =>
    [...Buffer.from(some)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
  );

const tooLarge = (length: number): CallStatus => ({
  code: 'RESOURCE_EXHAUSTED',
  details: `answer: it has ${length} bytes, a message may have ${maxMessageBytes}`,
});

const milliseconds: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 1e-3, n: 1e-6 };

/** The longest timeout of a timer. A longer deadline is none. */
const maxTimerMs = 2 ** 31 - 1;

/** The deadline of a call in milliseconds, by its `grpc-timeout`; undefined for none. */
export function timeoutOf(header: string | readonly string[] | undefined): number | undefined {
  const [, number, unit = ''] = /^([0-9]{1,8})([HMSmun])$/.exec(String(header ?? '')) ?? [];
  const factor = milliseconds[unit];
  const time = factor === undefined ? maxTimerMs : Number(number) * factor;
  return time < maxTimerMs ? Math.ceil(time) : undefined;
}
