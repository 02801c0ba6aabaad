import type { ConsoleSource } from '../../app/console/source.ts';
import { type HttpAnswer, plain } from '../../http/route.ts';
import { createRouter, type PlainRequest } from '../../http/router.ts';
import { Fault } from '../../ports/fault.ts';
import type { Logger } from '../../ports/logger.ts';
import { securityHeaders } from './access.ts';
import { answerAnyone, consolePath, isLogin, noSession, noToken, type Place, redirect, sentToken } from './door.ts';
import type { FleetAccess } from './fleet-routes.ts';
import { type ConsoleActions, consoleRoutes } from './routes.ts';
import { type AcceptToken, createSessions, isSame, type Session } from './sessions.ts';

export interface ConsoleContext extends FleetAccess, Place {
  readonly source: ConsoleSource;
  readonly actions: ConsoleActions;
  /** refuses every change */
  readonly readOnly: boolean;
  readonly accept: AcceptToken;
  /** tokens work once, and so may be in an address, which stays in the browser's history */
  readonly once: boolean;
  readonly logger: Logger;
}

const answerTo = createRouter(consoleRoutes);

/** The console's answers to requests. Pages are for everyone who connects; what they ask for needs the cookie of a token. */
export function createConsole(context: ConsoleContext): (request: PlainRequest) => Promise<HttpAnswer> {
  const sessions = createSessions(context.accept, consolePath);
  const answer = async (request: PlainRequest): Promise<HttpAnswer> => {
    const anyone = await answerAnyone(request, context);
    if (anyone !== undefined) return anyone;
    if (isLogin(request.url)) return login(request, sessions.open, context.once);
    const session = sessions.find(request.headers.cookie);
    if (session === undefined) return noSession;
    return (
      forged(request, session) ??
      answerApi(context, session, { ...request, url: request.url.slice(`${consolePath}/api`.length) })
    );
  };
  return async (request) => {
    const found = await answer(request);
    return { ...found, headers: { ...securityHeaders, ...found.headers } };
  };
}

/** Exchanges a token for a cookie: one that the page sends or, if it works once, one in the address, as it is printed. */
function login(request: PlainRequest, open: (token: string) => string | undefined, once: boolean): HttpAnswer {
  const { method, url } = request;
  if (!once && method !== 'POST') return plain(405, 'send the token by POST', { allow: 'POST' });
  const token = method === 'POST' ? sentToken(request) : new URLSearchParams(url.split('?', 2)[1]).get('token');
  const cookie = token === undefined || token === null ? undefined : open(token);
  if (cookie === undefined) return noToken;
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
