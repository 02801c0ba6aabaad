/** An answer that is a failure: what is wrong, and what to do about it. */
export class Problem extends Error {
  /** 0: there was no answer */
  readonly status: number;
  readonly hint: string;

  constructor(status: number, text: string, hint: string) {
    super(text);
    this.status = status;
    this.hint = hint;
  }

  /** Whether the same question may be answered later. */
  get passes(): boolean {
    return this.status === 0 || this.status === 404 || (this.status >= 500 && this.status !== 501);
  }
}

export type Values = Readonly<Record<string, string | number | readonly string[] | undefined>>;

/** The address of a route below the page's own; values that are empty are left out. */
export function pathOf(route: string, values: Values = {}): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(values))
    for (const one of Array.isArray(value) ? value : [value])
      if (one !== undefined && one !== '') query.append(name, String(one));
  const text = query.toString();
  return `api/${route}${text === '' ? '' : `?${text}`}`;
}

const noAnswer = 'is `snapledger console`, or the daemon, still running?';
const noCookie =
  'open the address that `snapledger console` printed, with its token, in this browser; for a used one start it again';

/** Asks and checks the status. Rejects with a Problem, or with the signal's reason. */
export async function answerTo(path: string, init: RequestInit = {}): Promise<Response> {
  const response = await fetch(path, { credentials: 'same-origin', ...init }).catch((error: unknown) => {
    if (init.signal?.aborted) throw error;
    throw new Problem(0, 'no answer from the console', noAnswer);
  });
  if (response.ok) return response;
  throw problemOf(response.status, await response.text().catch(() => ''));
}

/** A failure's text has the hint in a line of its own, or is the JSON of an ambiguous name. */
export function problemOf(status: number, text: string): Problem {
  if (status === 401) return new Problem(status, 'this browser may not read the store', noCookie);
  const [what = '', ...rest] = text.trim().split(/\n?hint: /);
  if (!what.startsWith('{')) return new Problem(status, what === '' ? `status ${status}` : what, rest.join('\n'));
  const { error = what, hint = '' } = JSON.parse(what) as { error?: string; hint?: string };
  return new Problem(status, error, hint);
}

/** Asks for JSON. The type is that of the route's codec. */
export async function ask<T>(route: string, values: Values = {}, signal?: AbortSignal): Promise<T> {
  const response = await answerTo(pathOf(route, values), signal === undefined ? {} : { signal });
  return (await response.json()) as T;
}

/** Changes the store. */
export async function change<T>(route: string, values: Values, csrf: string): Promise<T> {
  const response = await answerTo(pathOf(route, values), { method: 'POST', headers: { 'snapledger-csrf': csrf } });
  return (await response.json()) as T;
}
