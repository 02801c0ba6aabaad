import type { ConsoleSource } from '../../app/console/source.ts';
import { type HttpAnswer, plain } from '../../http/route.ts';
import { createRouter, type PlainRequest } from '../../http/router.ts';
import { Fault } from '../../ports/fault.ts';
import type { Logger } from '../../ports/logger.ts';
import { refuseForeign, securityHeaders } from './access.ts';
import type { FleetAccess } from './fleet-routes.ts';
import { type ConsoleActions, consoleRoutes } from './routes.ts';
import { type AcceptToken, createSessions, isSame, type Session } from './sessions.ts';
import { staticFile } from './static-files.ts';

export interface ConsoleContext extends FleetAccess {
  readonly source: ConsoleSource;
  readonly actions: ConsoleActions;
  /** refuses every change */
  readonly readOnly: boolean;
  readonly accept: AcceptToken;
  /** directory of the built page */
  readonly page: string;
  /** address that is listened on */
  readonly host: string;
  readonly logger: Logger;
}

/** Below it the console is served. */
export const consolePath = '/console';

const answerTo = createRouter(consoleRoutes);

/** The console's answers to requests. Pages are for everyone who connects; what they ask for needs the cookie of a token. */
export function createConsole(context: ConsoleContext): (request: PlainRequest) => Promise<HttpAnswer> {
  const sessions = createSessions(context.accept, consolePath);
  const answer = async (request: PlainRequest): Promise<HttpAnswer> => {
    const { method, url, headers } = request;
    const [path = '', query = ''] = url.split('?', 2);
    if (path === '/' || path === consolePath) return redirect(`${consolePath}/`);
    if (!path.startsWith(`${consolePath}/`)) return plain(404, `the console is at ${consolePath}/`);
    const below = path.slice(consolePath.length + 1);
    if (below === 'login') return login(request, new URLSearchParams(query), sessions.open);
    if (!below.startsWith('api/'))
      return method === 'GET' || method === 'HEAD'
        ? staticFile(context.page, below)
        : plain(405, 'use GET', { allow: 'GET, HEAD' });
    const session = sessions.find(headers.cookie);
    if (session === undefined)
      return plain(401, 'this browser has not exchanged a token\nhint: open an address with a token that was not used');
    return (
      forged(request, session) ??
      answerApi(context, session, { ...request, url: url.slice(`${consolePath}/api`.length) })
    );
  };
  return async (request) => {
    const found = refuseForeign(request.headers, context.host) ?? (await answer(request));
    return { ...found, headers: { ...securityHeaders, ...found.headers } };
  };
}

const redirect = (location: string, headers: Readonly<Record<string, string>> = {}): HttpAnswer =>
  plain(303, `see ${location}`, { location, ...headers });

/** Exchanges a token for a cookie: one in the address, as it is printed, or one that the page sends. */
function login(
  { method, headers: { authorization = '' } }: PlainRequest,
  query: URLSearchParams,
  open: (token: string) => string | undefined,
): HttpAnswer {
  const token = method === 'POST' ? /^bearer +([^ ]+) *$/i.exec(authorization)?.[1] : query.get('token');
  const cookie = token === undefined || token === null ? undefined : open(token);
  if (cookie === undefined)
    return plain(
      401,
      'the token is not good, or was used already\nhint: a token works once; the console prints another one',
    );
  const headers = { 'set-cookie': cookie };
  return method === 'POST'
    ? { status: 204, type: 'text/plain', body: '', headers }
    : redirect(`${consolePath}/`, headers);
}

/** A change needs the session's own token besides the cookie, which a browser sends by itself. */
function forged({ method, headers }: PlainRequest, { csrf }: Session): HttpAnswer | undefined {
  if (method === 'GET' || method === 'HEAD') return undefined;
  const given = headers['snapledger-csrf'];
  if (typeof given === 'string' && isSame(given, csrf)) return undefined;
  return plain(403, 'snapledger-csrf: the header is missing or of another session\nhint: reload the page');
}

async function answerApi(
  { source, actions, fleet, readOnly, logger }: ConsoleContext,
  session: Session,
  request: PlainRequest,
): Promise<HttpAnswer> {
  try {
    return await answerTo(request, { ...source, actions, fleet, readOnly, session });
  } catch (error) {
    if (error instanceof Fault) return plain(500, `${error.message}\nhint: ${error.hint}`);
    logger.error({ err: error, url: request.url }, 'console request failed');
    return plain(500, `${String(error)}\nhint: this is a defect of snapledger; please report it`);
  }
}
