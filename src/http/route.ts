import type { IncomingHttpHeaders } from 'node:http';

/** What a route sees of a request. Its body, if it has one, was thrown away. */
export interface HttpRequest {
  readonly method: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
}

/**
 * An answer whose end is not known when it begins. It is pulled: the next chunk is asked for when the reader has taken
 * the ones before it, so nothing piles up for a slow reader.
 */
export interface StreamBody {
  /** Ends soon after the signal: the reader has gone, or the daemon stops. What it throws ends the answer. */
  chunks(signal: AbortSignal): AsyncIterable<string | Uint8Array>;
  /** The last message to a reader whose answer ends before its end, in the answer's own format. Called at most once. */
  farewell(why: string): string;
}

export interface HttpAnswer {
  readonly status: number;
  readonly type: string;
  readonly body: string | StreamBody;
  readonly headers?: Readonly<Record<string, string>>;
}

/** One path, with what it needs of the daemon. */
export interface Route<Sources> {
  readonly path: string;
  readonly methods: readonly string[];
  /** what it may be asked with in its query; none unless said */
  readonly parameters?: readonly { readonly name: string; readonly required: boolean }[];
  /** What it rejects with is answered with 500 and told to the operator; bad input is an answer of its own. */
  answer(request: HttpRequest, sources: Sources): Promise<HttpAnswer>;
}

export const reading = ['GET', 'HEAD'] as const;
