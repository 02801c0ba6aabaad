import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** A browser that exchanged a token. */
export interface Session {
  /** to be sent with every change */
  readonly csrf: string;
}

/** Whether a token is good; one that works once is used up by that. */
export type AcceptToken = (token: string) => boolean;

const secret = () => randomBytes(32).toString('base64url');
const digest = (text: string) => createHash('sha256').update(text).digest();

/** Digests have equal lengths, so the time of the comparison reveals nothing. */
export const isSame = (a: string, b: string): boolean => timingSafeEqual(digest(a), digest(b));

/** Tokens that work once each. Of those that nobody has used the newest few are good. */
export function createTokens(): { issue(): string; readonly accept: AcceptToken } {
  const unused = new Set<string>();
  return {
    issue: () => {
      const token = secret();
      unused.add(digest(token).toString('hex'));
      for (const oldest of unused) if (unused.size > 8) unused.delete(oldest);
      return token;
    },
    accept: (token) => unused.delete(digest(token).toString('hex')),
  };
}

/** The browsers that may ask, by their cookie. They are forgotten when the process ends, and the oldest beyond some number. */
export interface Sessions {
  /** A `Set-Cookie` header for a good token; undefined for another. */
  open(token: string): string | undefined;
  /** The session of a request's cookies. */
  find(cookies: string | undefined): Session | undefined;
}

const maxSessions = 32;

export function createSessions(accept: AcceptToken, path: string): Sessions {
  // Cookies of one host are sent to all its ports: consoles must not overwrite each other's.
  const name = `snapledger-console-${randomBytes(4).toString('hex')}`;
  const sessions = new Map<string, Session>();
  return {
    open: (token) => {
      if (!accept(token)) return undefined;
      const value = secret();
      sessions.set(digest(value).toString('hex'), { csrf: secret() });
      for (const oldest of sessions.keys()) if (sessions.size > maxSessions) sessions.delete(oldest);
      return `${name}=${value}; Path=${path}; HttpOnly; SameSite=Strict`;
    },
    find: (cookies = '') => {
      for (const cookie of cookies.split(';')) {
        const [key, value = ''] = cookie.trim().split('=');
        const session = key === name ? sessions.get(digest(value).toString('hex')) : undefined;
        if (session !== undefined) return session;
      }
      return undefined;
    },
  };
}
