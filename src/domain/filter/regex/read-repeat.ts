import { SyntaxFault } from '../syntax-fault.ts';
import type { Cursor } from './cursor.ts';

export interface Repeat {
  readonly text: string;
  readonly offset: number;
  readonly min: number;
  /** Infinity for "or more" */
  readonly max: number;
}

/** RE2's limit for a counted repeat. */
const most = 1_000;
const one = /[*+?]\??|\{\d+(?:,\d*)?\}\??/y;

/**
 * * + ? {n} {n,} {n,m}, each with a ? behind it, which changes nothing here; undefined where none stands (a brace that
 * is no count is an ordinary character). Throws SyntaxFault for counts over 1000 and for a repeat of a repeat.
 */
export function readRepeat(cursor: Cursor): Repeat | undefined {
  const offset = cursor.offset();
  const text = cursor.take(one);
  if (text === '') return undefined;
  const again = cursor.take(one);
  if (again !== '') throw new SyntaxFault(offset, `a repeat can't be repeated: ${text}${again}`);
  const { min, max } = bounds(text);
  if (min > max || min > most || (max > most && max !== Number.POSITIVE_INFINITY))
    throw new SyntaxFault(offset, `wrong count ${text}: at most ${most}, the smaller first`);
  return { text, offset, min, max };
}

function bounds(text: string): { readonly min: number; readonly max: number } {
  if (text.startsWith('*')) return { min: 0, max: Number.POSITIVE_INFINITY };
  if (text.startsWith('+')) return { min: 1, max: Number.POSITIVE_INFINITY };
  if (text.startsWith('?')) return { min: 0, max: 1 };
  const [, low = '', comma, high = ''] = /^\{(\d+)(,?)(\d*)/.exec(text) ?? [];
  const min = Number(low);
  if (comma === '') return { min, max: min };
  return { min, max: high === '' ? Number.POSITIVE_INFINITY : Number(high) };
}
