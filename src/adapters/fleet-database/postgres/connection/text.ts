/** Everything that needs an escape, and whole surrogate pairs, which do not. */
const special = /[\\\0\ud800-\udfff]/;
const each = /\\|\0|[\ud800-\udbff][\udc00-\udfff]|[\ud800-\udfff]/g;
const escaped = /\\(?:\\|0|u([0-9a-f]{4}))/g;

/**
 * The form of a text in the database. PostgreSQL's text holds neither NUL nor half a surrogate pair: they are written `\0` and
 * `\ud800`, and a backslash `\\`. All other texts are as they are.
 */
export function toText(text: string): string {
  if (!special.test(text)) return text;
  return text.replace(each, (found) => {
    if (found === '\\') return '\\\\';
    if (found === '\0') return '\\0';
    return found.length === 2 ? found : `\\u${found.charCodeAt(0).toString(16)}`;
  });
}

/** The text that `toText` was given. */
export function fromText(text: string): string {
  if (!text.includes('\\')) return text;
  return text.replace(escaped, (found, code: string | undefined) => {
    if (code !== undefined) return String.fromCharCode(Number.parseInt(code, 16));
    return found === '\\0' ? '\0' : '\\';
  });
}

/** The last microsecond of the year 9999, since 1970: later times have another form. */
const latest = 253_402_300_799_999_999n;

/** Nanoseconds since 1970 as a timestamptz, which keeps microseconds of the years 1970 to 9999; `nothing` for null. */
export function toTime(time: bigint | null, nothing: string): string {
  if (time === null) return nothing;
  const asked = time / 1000n;
  const micros = asked < 0n ? 0n : asked > latest ? latest : asked;
  // Exact: seconds are below 2^38, and the rest below a million.
  const seconds = Number(micros / 1_000_000n);
  const rest = Number(micros % 1_000_000n);
  const inDay = seconds % 86_400;
  const clock = `${two(Math.floor(inDay / 3600))}:${two(Math.floor(inDay / 60) % 60)}:${two(inDay % 60)}`;
  return `${dateOf(seconds - inDay)}T${clock}.${String(rest).padStart(6, '0')}Z`;
}

/** The day of a time, as `toTime` has it, since 1970 in UTC. */
export function dayOf(time: bigint): number {
  const micros = time / 1000n;
  return Number((micros < 0n ? 0n : micros > latest ? latest : micros) / 86_400_000_000n);
}

const pairs = Array.from({ length: 100 }, (_, number) => String(number).padStart(2, '0'));
const two = (number: number) => pairs[number] as string;

let lastDay: readonly [seconds: number, date: string] = [0, '1970-01-01'];

/** The date of a day's first second. Most times of a batch are on one day. */
function dateOf(seconds: number): string {
  if (lastDay[0] !== seconds) lastDay = [seconds, new Date(seconds * 1000).toISOString().slice(0, 10)];
  return lastDay[1];
}

/** The nanoseconds of a timestamptz as a session with the time zone UTC prints it; null for infinity. */
export function fromTime(text: string): bigint | null {
  if (text === 'infinity') return null;
  const millis = Date.parse(`${text.slice(0, 10)}T${text.slice(11, 19)}Z`);
  const fraction = text.slice(20, text.lastIndexOf('+')).padEnd(6, '0');
  return (BigInt(millis) * 1000n + BigInt(fraction)) * 1000n;
}
