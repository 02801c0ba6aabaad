import { type IncomingMessage, type RequestOptions, request } from 'node:http';

export interface Answered {
  readonly status: number;
  readonly body: string;
  readonly headers: IncomingMessage['headers'];
  /** whether the answer is complete; otherwise it was aborted */
  readonly whole: boolean;
}

/** Sends one request and resolves with its answer, even an aborted one. Rejects if no answer starts. */
export function ask(options: RequestOptions, body?: string | Buffer): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const asked = request(options, (response) => {
      let text = '';
      const end = () =>
        resolve({
          status: response.statusCode ?? 0,
          body: text,
          headers: response.headers,
          whole: response.complete,
        });
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      response.on('error', () => {});
      response.on('close', end);
    });
    asked.on('error', reject);
    asked.end(body);
  });
}
