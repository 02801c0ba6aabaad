import { isIP } from 'node:net';
import { isAbsolute, normalize } from 'node:path';
import * as t from 'io-ts';

/** What the kernel's `sockaddr_un` takes, without the closing zero. */
export const longestSocketPath = 107;

/** A codec for one kind of value that a settings file can hold; `expected` is what an error says. */
function value<A>(expected: string, is: (u: unknown) => u is A, read: (u: unknown) => A | undefined) {
  return new t.Type<A, unknown, unknown>(
    expected,
    is,
    (u, context) => {
      const found = read(u);
      return found === undefined ? t.failure(u, context, expected) : t.success(found);
    },
    t.identity,
  );
}

const isText = (u: unknown): u is string => typeof u === 'string';
const isNumber = (u: unknown): u is number => typeof u === 'number';
const isFlag = (u: unknown): u is boolean => typeof u === 'boolean';

export const Text = value('a string', isText, (u) => (isText(u) ? u : undefined));
export const Flag = value('true or false', isFlag, (u) => (isFlag(u) ? u : undefined));

/** As long as the name of a host may be. Source: RFC 1035, 2.3.4 */
const longestName = 255;

/** A node's name: no control characters, nor others that are not shown, and no space at its ends. */
export const NodeName = value(`a name of 1 to ${longestName} bytes without control characters`, isText, (u) =>
  isText(u) && u !== '' && u.trim() === u && Buffer.byteLength(u) <= longestName && !/[\p{C}\p{Zl}\p{Zp}]/u.test(u)
    ? u
    : undefined,
);

/** The name of a label, in which `*` stands for any text. */
export const LabelPattern = value('the name of a label, with * for any text', isText, (u) =>
  isText(u) && u !== '' && u.length <= 4096 ? u : undefined,
);

/** One of a few words. */
export const OneOf = <W extends string>(...words: readonly W[]) => {
  const isWord = (u: unknown): u is W => words.some((word) => word === u);
  return value(`one of ${words.map((word) => `"${word}"`).join(', ')}`, isWord, (u) => (isWord(u) ? u : undefined));
};

/** An absolute path of a file or directory, normalised and without a closing slash. */
export const AbsolutePath = value('an absolute path', isText, (u) =>
  isText(u) && isAbsolute(u) && !u.includes('\0') ? withoutSlash(normalize(u)) : undefined,
);

const withoutSlash = (path: string) => (path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path);

/** An absolute path that fits the kernel's address of a unix socket. */
export const SocketPath = value(`an absolute path of at most ${longestSocketPath} bytes`, isText, (u) =>
  isText(u) && isAbsolute(u) && !u.includes('\0') && fitsSocket(normalize(u)) ? normalize(u) : undefined,
);

export const fitsSocket = (path: string) => Buffer.byteLength(path) <= longestSocketPath && !path.endsWith('/');

/** Where a TCP socket listens. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

const isAddress = (u: unknown): u is Address => typeof u === 'object' && u !== null && 'host' in u && 'port' in u;

const loopback = (name: string, least: number) =>
  value(name, isAddress, (u) => {
    const [, v4, v6, digits] = (isText(u) ? /^(?:(127(?:\.\d{1,3}){3})|\[(::1)\]):(\d{1,5})$/.exec(u) : null) ?? [];
    const host = v4 ?? v6;
    const port = Number(digits);
    return host !== undefined && isIP(host) !== 0 && port >= least && port <= 65535 ? { host, port } : undefined;
  });

/** An address that only this machine reaches, 127.0.0.0/8 or ::1, with a port. A name is none: it may lead elsewhere. */
export const Loopback = loopback('a loopback address and port, as "127.0.0.1:7475" or "[::1]:7475"', 1);

/** The same with port 0 for any that is free. */
export const LoopbackOrAny = loopback('a loopback address and port, as "127.0.0.1:7475" or "127.0.0.1:0"', 0);

/** A whole number from `least` on. */
export const Count = (least: number) =>
  value(`a whole number of at least ${least}`, isNumber, (u) =>
    isNumber(u) && Number.isSafeInteger(u) && u >= least ? u : undefined,
  );

const bytesIn: Readonly<Record<string, number>> = { b: 1, kib: 2 ** 10, mib: 2 ** 20, gib: 2 ** 30 };

/** Bytes: a whole number, or a string as "16MiB" (B, KiB, MiB, GiB). */
export const Size = (least: string) =>
  value(`a size of at least ${least}, as 16777216 or "16MiB"`, isNumber, (u) => {
    const bytes = bytesOf(u);
    return bytes !== undefined && Number.isSafeInteger(bytes) && bytes >= (bytesOf(least) ?? 0) ? bytes : undefined;
  });

const bytesOf = (u: unknown) => (isNumber(u) ? u : scaled(u, bytesIn));

const millisecondsIn: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Seconds as a number, or a string as "500ms", "10s", "2m", "1h"; decoded to milliseconds. At most a day: timers end at 24 days. */
export const Duration = value('a duration of at most a day, as 10 (seconds) or "10s"', isNumber, (u) => {
  const milliseconds = isNumber(u) ? u * 1000 : scaled(u, millisecondsIn);
  if (milliseconds === undefined || !(milliseconds >= 0) || milliseconds > 24 * 3_600_000) return undefined;
  return Math.round(milliseconds);
});

const longest = 3650 * 24 * 3_600_000;

/** As a duration, but up to ten years, with days too: for what is compared with a clock and needs no timer. */
export const Period = value('a duration of at most 3650 days, as 86400 (seconds), "24h" or "7d"', isNumber, (u) => {
  const milliseconds = isNumber(u) ? u * 1000 : scaled(u, { ...millisecondsIn, d: 24 * 3_600_000 });
  return milliseconds !== undefined && milliseconds >= 0 && milliseconds <= longest
    ? Math.round(milliseconds)
    : undefined;
});

type Part = { readonly fraction: number } | { readonly bytes: number };
const isPart = (u: unknown): u is Part => typeof u === 'object' && u !== null && ('fraction' in u || 'bytes' in u);

/** A part of a file system, as "20%", or bytes. */
export const Room = value('a part as "20%", or a size as "50GiB"', isPart, (u) => {
  const [, percent] = (isText(u) ? /^(\d+(?:\.\d+)?)\s*%$/.exec(u) : null) ?? [];
  if (percent !== undefined) return Number(percent) <= 100 ? { fraction: Number(percent) / 100 } : undefined;
  const bytes = bytesOf(u);
  return bytes !== undefined && Number.isSafeInteger(bytes) && bytes >= 0 ? { bytes } : undefined;
});

/** A number with a unit. */
function scaled(u: unknown, units: Readonly<Record<string, number>>): number | undefined {
  const [, digits, unit] = (isText(u) ? /^(\d+(?:\.\d+)?)\s*([a-z]+)$/i.exec(u) : null) ?? [];
  const scale = unit === undefined ? undefined : units[unit.toLowerCase()];
  return digits === undefined || scale === undefined ? undefined : Number(digits) * scale;
}
