import type { IncomingHttpHeaders } from 'node:http';
import { hostName } from '../../http/loopback.ts';
import { type HttpAnswer, plain } from '../../http/route.ts';

/**
 * Refuses what does not come from the console's own pages: another Host (421) is a page whose name was made to point here (DNS
 * rebinding); another Origin, or a fetch from another site, is a foreign page (403). The port is not compared with the one
 * that is listened on: `ssh -L` may forward another one.
 */
export function refuseForeign(headers: IncomingHttpHeaders, listening: string): HttpAnswer | undefined {
  const { host = '', origin, 'sec-fetch-site': site = 'none', 'sec-fetch-mode': mode = 'navigate' } = headers;
  if (hostName(host, listening) === undefined)
    return plain(421, `this is not ${host === '' ? 'a host without name' : host}; ask for localhost or 127.0.0.1`);
  if (origin !== undefined && origin.toLowerCase() !== `http://${host.toLowerCase()}`)
    return plain(403, `a page of ${origin} may not ask here`);
  // Following a link from elsewhere is no request of that page.
  if (site !== 'same-origin' && site !== 'none' && mode !== 'navigate')
    return plain(403, 'a page of another site may not ask here');
  return undefined;
}

/** What a browser must and must not do with any answer of the console. */
export const securityHeaders: Readonly<Record<string, string>> = {
  'content-security-policy': [
    "default-src 'none'",
    ...['script', 'style', 'img', 'connect'].map((kind) => `${kind}-src 'self'`),
    ...['base-uri', 'form-action', 'frame-ancestors'].map((name) => `${name} 'none'`),
  ].join('; '),
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
};
