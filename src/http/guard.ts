import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { plain } from './answers.ts';
import type { HttpAnswer } from './route.ts';

/** The answer to a request that may not pass; undefined lets it pass. */
export type Guard = (headers: IncomingHttpHeaders) => HttpAnswer | undefined;

/** On the unix socket the file's mode decides. */
export const openToAll: Guard = () => undefined;

/**
 * On loopback TCP every local user and every page in a local browser can connect. A Host that is another name is a page
 * whose name was made to point here (DNS rebinding): 421. Then the bearer token decides: 401 without one, 403 for another.
 */
export function createLoopbackGuard(listening: { host: string; port: number }, token: string): Guard {
  const hosts = hostsOf(listening);
  const expected = digest(token);
  return ({ host = '', authorization = '' }) => {
    if (!hosts.has(host.toLowerCase()))
      return plain(
        421,
        `this is not ${host === '' ? 'a host without name' : host}; ask for http://${[...hosts].join(' or ')}`,
      );
    const [, given] = /^bearer +([^ ]+) *$/i.exec(authorization) ?? [];
    if (given === undefined)
      return plain(401, 'send the token of the file http.token_file: Authorization: Bearer TOKEN', {
        'www-authenticate': 'Bearer realm="snapledger"',
      });
    if (!timingSafeEqual(digest(given), expected))
      return plain(403, 'the token is not the one of the file http.token_file; the daemon reads it when it starts');
    return undefined;
  };
}

/** Equal lengths, whatever was given: how long the comparison takes tells nothing. */
const digest = (text: string) => createHash('sha256').update(text).digest();

function hostsOf({ host, port }: { host: string; port: number }): ReadonlySet<string> {
  const own = host.includes(':') ? `[${host}]` : host;
  const names = [...new Set(['localhost', '127.0.0.1', '[::1]', own])];
  return new Set([...names.map((name) => `${name}:${port}`), ...(port === 80 ? names : [])]);
}
