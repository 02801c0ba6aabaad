import type { Node } from '../../../events/store-events.ts';

/** Text of others, as keys and labels are, fit for a terminal: control characters, which could move its cursor, are spelt out. */
export function plain(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return `\\u${code.toString(16).padStart(4, '0')}`;
  });
}

/** Text of others fit for a column: as `plain`, and unless `whole` is asked for with digests cut to twelve digits and an ellipsis. */
export function brief(text: string, whole = false): string {
  return whole ? plain(text) : plain(text).replace(/\b(sha256:[0-9a-f]{12})[0-9a-f]{52}\b/g, '$1…');
}

/** `1 node`, `2 nodes`. */
export const counted = (count: number, noun: string): string => `${count} ${count === 1 ? noun : `${noun}s`}`;

const sizeUnits = ['KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

/** Bytes for people: `512 B`, `1.5 KiB`, `12 MiB`. */
export function sizeText(bytes: number): string {
  let value = bytes;
  let unit = 'B';
  for (const larger of sizeUnits) {
    // What would be shown as 1024 of a unit is 1 of the next.
    if (value < 1023.95) break;
    value /= 1024;
    unit = larger;
  }
  return `${value < 10 && unit !== 'B' ? value.toFixed(1).replace(/\.0$/, '') : Math.round(value)} ${unit}`;
}

/** A node's name, kernel and file system, as `node-1, Linux 6.1.0, ext4 of 100 GiB`. */
export const nodeText = ({ name, kernel, fileSystem, bytes }: Node): string =>
  `${name}, Linux ${kernel}, ${fileSystem} of ${sizeText(bytes)}`;

const minute = { suffix: 'm', seconds: 60 } as const;
const units = [{ suffix: 'd', seconds: 86_400 }, { suffix: 'h', seconds: 3600 }, minute] as const;

/** Nanoseconds since 1970 as a date in UTC, to the millisecond. */
export function dateOf(nanoseconds: bigint): string {
  const milliseconds = Number(nanoseconds / 1_000_000n);
  // A Date can't hold more.
  return Math.abs(milliseconds) <= 8.64e15 ? new Date(milliseconds).toISOString() : `${nanoseconds}ns`;
}

/** The time between two moments in its largest whole unit, as `3d`; `0s` if it is in the future. */
export function ageOf(then: bigint, now: bigint): string {
  const seconds = Math.max(0, Number((now - then) / 1_000_000_000n));
  const unit = units.find((one) => seconds >= one.seconds);
  return unit === undefined ? `${seconds}s` : `${Math.floor(seconds / unit.seconds)}${unit.suffix}`;
}

/** How long ago it was, as `3d ago`. */
export const agoOf = (then: bigint, now: bigint): string => `${ageOf(then, now)} ago`;

/** A duration in its two largest units, as `2h 5m`; below a minute to the millisecond, as `0.250s`. */
export function durationOf(nanoseconds: bigint): string {
  const seconds = Number(nanoseconds) / 1e9;
  if (seconds < 60) return `${seconds.toFixed(3)}s`;
  const at = units.findIndex((unit) => seconds >= unit.seconds);
  const { suffix, seconds: size } = units[at] ?? minute;
  const smaller = units[at + 1] ?? { suffix: 's', seconds: 1 };
  return `${Math.floor(seconds / size)}${suffix} ${Math.floor((seconds % size) / smaller.seconds)}${smaller.suffix}`;
}
