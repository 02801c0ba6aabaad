import { sizeText } from '../../../cli/output/text.ts';

/** Bytes for people, or a dash if they are unknown. */
export const bytesText = (bytes: number | null): string => (bytes === null || bytes < 0 ? '–' : sizeText(bytes));

/** With a sign, as the difference of two moments has it. */
export const changeText = (bytes: number): string =>
  bytes === 0 ? '0 B' : `${bytes < 0 ? '−' : '+'}${sizeText(Math.abs(bytes))}`;

const grouped = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
export const countText = (count: number): string => grouped.format(count);
/** `1 layer`, `1,234 layers`. */
export const counted = (count: number, noun: string, plural = `${noun}s`): string =>
  `${countText(count)} ${count === 1 ? noun : plural}`;

/** Milliseconds with three digits. */
export const millisecondsText = (milliseconds: number): string => `${Number(milliseconds.toPrecision(3))} ms`;

/** Nanoseconds in a decimal string as milliseconds since 1970. */
export const millisecondsOf = (nanoseconds: string): number => Number(BigInt(nanoseconds) / 1_000_000n);

const pad = (value: number, digits = 2) => String(value).padStart(digits, '0');

/** `2026-11-28 20:15:01`, in UTC or in the reader's zone. */
export function timeText(milliseconds: number, utc: boolean): string {
  const at = new Date(milliseconds);
  if (Number.isNaN(at.getTime())) return '–';
  if (utc) return at.toISOString().slice(0, 19).replace('T', ' ');
  const date = `${pad(at.getFullYear(), 4)}-${pad(at.getMonth() + 1)}-${pad(at.getDate())}`;
  return `${date} ${pad(at.getHours())}:${pad(at.getMinutes())}:${pad(at.getSeconds())}`;
}

const spans = [
  ['d', 86_400],
  ['h', 3600],
  ['m', 60],
  ['s', 1],
] as const;

/** Milliseconds in their largest unit: `3d`, `20m`. */
export function spanText(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const [suffix, size] = spans.find(([, size]) => seconds >= size) ?? ['s', 1];
  return `${Math.floor(seconds / size)}${suffix}`;
}

const digest = /\b([a-z0-9]+:[0-9a-f]{12})[0-9a-f]{20,116}\b/g;
const long = /\b([0-9a-f]{12})[0-9a-f]{52}\b/g;

/** A key or name with its digests cut to twelve digits. */
export const shortKey = (key: string): string => key.replace(digest, '$1…').replace(long, '$1…');
