import type { HttpAnswer } from './route.ts';

/** A text for people, with its line feed. */
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
