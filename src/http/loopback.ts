import { createHash, timingSafeEqual } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import type { IncomingHttpHeaders } from 'node:http';
import type { AddressInfo, Server } from 'node:net';
import { isErrno } from '../ports/errno.ts';
import { Fault, faultOf } from '../ports/fault.ts';
import type { HttpAnswer } from './route.ts';
import { plain } from './route.ts';

export interface LoopbackAddress {
  /** 127.0.0.0/8 or ::1 */
  readonly host: string;
  /** 0 for any that is free */
  readonly port: number;
}

/** Resolves with the address that a server listens on. Rejects with a Fault: `busy` if another process does, `io`. */
export function listenOnLoopback(server: Server, { host, port }: LoopbackAddress): Promise<LoopbackAddress> {
  return new Promise((resolve, reject) => {
    const refuse = (error: NodeJS.ErrnoException) => reject(faultFor(error, `${host} port ${port}`));
    server.once('error', refuse);
    server.listen({ host, port, exclusive: true }, () => {
      server.off('error', refuse);
      resolve({ host, port: (server.address() as AddressInfo).port });
    });
  });
}

function faultFor(error: NodeJS.ErrnoException, address: string): Fault {
  if (error.code === 'EADDRINUSE')
    return new Fault('busy', `http.listen: another process listens on ${address}`, {
      hint: 'stop the other one, or choose another port',
      cause: error,
    });
  return faultOf(
    error,
    `http.listen: ${address}`,
    'choose a loopback address that this machine has, as 127.0.0.1:7475',
  );
}

/** The answer to a request that may not pass; undefined lets it pass. */
export type Guard = (headers: IncomingHttpHeaders) => HttpAnswer | undefined;

/** On the unix socket the file's mode decides. */
export const openToAll: Guard = () => undefined;

/** A Host that is another name is that of a page whose name was made to point here (DNS rebinding): 421. */
export function createHostGuard(listening: { host: string; port: number }): Guard {
  const hosts = hostsOf(listening);
  return ({ host = '' }) => {
    if (hosts.has(host.toLowerCase())) return undefined;
    const asked = host === '' ? 'a host without name' : host;
    return plain(421, `this is not ${asked}; ask for http://${[...hosts].join(' or ')}`);
  };
}

/**
 * On loopback TCP every local user and every page in a local browser can connect. The name of the host is checked, then the
 * bearer token decides: 401 without one, 403 for another.
 */
export function createLoopbackGuard(listening: { host: string; port: number }, token: string): Guard {
  const guardHost = createHostGuard(listening);
  const expected = digest(token);
  return (headers) => {
    const refused = guardHost(headers);
    if (refused !== undefined) return refused;
    const { authorization = '' } = headers;
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

/** Digests have equal lengths, so the time of the comparison reveals nothing. */
const digest = (text: string) => createHash('sha256').update(text).digest();

function hostsOf({ host, port }: { host: string; port: number }): ReadonlySet<string> {
  const own = host.includes(':') ? `[${host}]` : host;
  const names = [...new Set(['localhost', '127.0.0.1', '[::1]', own])];
  return new Set([...names.map((name) => `${name}:${port}`), ...(port === 80 ? names : [])]);
}

/** The name in a Host header if it is one of loopback, or the address that is listened on; whatever the port. */
export function hostName(header: string, listening: string): string | undefined {
  const [, name = ''] = /^(\[[0-9a-f:.]+\]|[^:]+)(?::\d{1,5})?$/i.exec(header.toLowerCase()) ?? [];
  const own = listening.includes(':') ? `[${listening}]` : listening;
  return ['localhost', '127.0.0.1', '[::1]', own].includes(name) ? name : undefined;
}

const token = /^[A-Za-z0-9._~+/-]{16,4096}=*$/;
const makeOne = (file: string) => `make one: (umask 077; head -c 32 /dev/urandom | base64 > ${file})`;

/**
 * The bearer token in a file that only its owner may read, or in one that systemd loaded for this unit (LoadCredential): the mode of
 * such a file does not show who may read it. Throws a Fault (`misuse`) with the way to create one.
 */
export function readToken(file: string, { CREDENTIALS_DIRECTORY: loaded } = process.env): string {
  const fd = opened(file);
  try {
    const { mode, size } = fstatSync(fd);
    if ((mode & 0o170000) !== 0o100000) throw misuse(file, 'is not a file', makeOne(file));
    if ((mode & 0o077) !== 0 && !(loaded !== undefined && file.startsWith(`${loaded}/`)))
      throw misuse(file, `others than its owner may read it (mode ${(mode & 0o777).toString(8)})`, `chmod 600 ${file}`);
    const text = size > 8192 ? '' : readFileSync(fd, 'utf8').trim();
    if (!token.test(text)) throw misuse(file, 'holds no token of 16 letters and digits or more', makeOne(file));
    return text;
  } finally {
    closeSync(fd);
  }
}

/** Opens a file without blocking on a pipe. */
function opened(file: string): number {
  try {
    return openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (isErrno(error, 'ENOENT')) throw misuse(file, 'there is no such file', makeOne(file));
    throw faultOf(error, `http.token_file ${file}`, 'make it readable for the user that runs the daemon');
  }
}

const misuse = (file: string, what: string, hint: string) =>
  new Fault('misuse', `http.token_file ${file}: ${what}`, { hint });
