import { type HttpAnswer, plain } from '../../http/route.ts';
import type { PlainRequest } from '../../http/router.ts';
import { refuseForeign } from './access.ts';
import { isSame } from './sessions.ts';
import { staticFile } from './static-files.ts';

/** Below it the console is served. */
export const consolePath = '/console';

export interface Place {
  /** address that is listened on */
  readonly host: string;
  /** directory of the built page */
  readonly page: string;
}

export const redirect = (location: string, headers: Readonly<Record<string, string>> = {}): HttpAnswer =>
  plain(303, `see ${location}`, { location, ...headers });

export const noSession = plain(
  401,
  'this browser has not exchanged a token\nhint: open an address with a token that was not used, or enter the token',
);
export const noToken = plain(
  401,
  'the token is not good, or was used already\nhint: a token works once; the console prints another one',
);

export const isLogin = (url: string): boolean => pathOf(url) === `${consolePath}/login`;
const pathOf = (url: string) => url.split('?', 1)[0] ?? '';

/** The token that a page sends; one in an address is no such token. */
export const sentToken = ({ method, headers: { authorization = '' } }: PlainRequest): string | undefined =>
  method === 'POST' ? /^bearer +([^ ]+) *$/i.exec(authorization)?.[1] : undefined;

/** What everyone who connects gets: refusals, and the page; undefined for login and API. */
export async function answerAnyone(request: PlainRequest, { host, page }: Place): Promise<HttpAnswer | undefined> {
  const { method, url, headers } = request;
  const refused = refuseForeign(headers, host);
  if (refused !== undefined) return refused;
  const path = pathOf(url);
  if (path === '/' || path === consolePath) return redirect(`${consolePath}/`);
  if (!path.startsWith(`${consolePath}/`)) return plain(404, `the console is at ${consolePath}/`);
  const below = path.slice(consolePath.length + 1);
  if (below === 'login' || below.startsWith('api/')) return undefined;
  if (method !== 'GET' && method !== 'HEAD') return plain(405, 'use GET', { allow: 'GET, HEAD' });
  return staticFile(page, below);
}

/** The answer of a console that has not started, and so has no sessions; undefined for a login with the token, which starts it. */
export async function answerBefore(
  request: PlainRequest,
  { token, ...place }: Place & { readonly token: string },
): Promise<HttpAnswer | undefined> {
  const answer = await answerAnyone(request, place);
  if (answer !== undefined) return answer;
  if (!isLogin(request.url)) return noSession;
  return isSame(sentToken(request) ?? '', token) ? undefined : noToken;
}
