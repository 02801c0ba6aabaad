import type { IncomingHttpHeaders } from 'node:http';
import type * as t from 'io-ts';
import type { Parameters, Values } from '../app/queries/query.ts';

/** What a route sees of a request. A body is discarded. */
export interface HttpRequest<P extends Parameters = Parameters> {
  readonly method: string;
  readonly values: Values<P>;
  readonly headers: IncomingHttpHeaders;
  /** aborted when the client has gone before it had its answer */
  readonly gone?: AbortSignal | undefined;
}

/** A body of unknown length. The next chunk is pulled after the client has read the previous ones, so nothing is buffered for slow clients. */
export interface StreamBody {
  /** Ends soon after the signal: the client is gone, or the daemon stops. An error ends the answer. */
  chunks(signal: AbortSignal): AsyncIterable<string | Uint8Array>;
  /** The last message of an answer that ends early, in the answer's own format. Called at most once. */
  farewell(why: string): string;
}

export interface HttpAnswer {
  readonly status: number;
  readonly type: string;
  readonly body: string | Uint8Array | StreamBody;
  readonly headers?: Readonly<Record<string, string>>;
}

/** An answer in the OpenAPI document: text, or JSON of a codec. */
export interface AnswerDescription {
  readonly type: string;
  readonly text?: string;
  readonly row?: t.Mixed;
  readonly list?: boolean;
}

/** One path, with what it needs of the daemon. */
export interface Route<Sources, P extends Parameters = Parameters> {
  readonly path: string;
  readonly methods: readonly string[];
  readonly summary: string;
  readonly parameters: P;
  /** by status; `default` for any other */
  readonly answers: Readonly<Record<string, AnswerDescription>>;
  /** A Fault becomes a status; anything else thrown is answered with 500 and logged. */
  answer(request: HttpRequest<P>, sources: Sources): Promise<HttpAnswer>;
}

export const reading = ['GET', 'HEAD'] as const;

export const jsonOf = (row: t.Mixed, list = false): AnswerDescription => ({ type: 'application/json', row, list });
export const textOf = (text: string): AnswerDescription => ({ type: 'text/plain', text });
export const misuse = textOf('the parameter that is wrong, and what was expected');
export const failure = textOf('what failed, and a line `hint: ` with what to do');

/** A text with its line feed. */
export const plain = (status: number, text: string, headers: Readonly<Record<string, string>> = {}): HttpAnswer => ({
  status,
  type: 'text/plain',
  body: `${text}\n`,
  headers,
});

/** One JSON value and a line feed. */
export const asJson = (value: unknown, status = 200): HttpAnswer => ({
  status,
  type: 'application/json',
  body: `${JSON.stringify(value)}\n`,
});
