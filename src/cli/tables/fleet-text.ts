import { wallClock } from '../../app/audit/moment.ts';
import { agoOf, dateOf, plain } from '../output/text.ts';
import type { TableOptions } from './tables.ts';

export const right = (title: string) => ({ title, align: 'right' }) as const;
export const left = (title: string) => ({ title });

/** A time to the second, or its age; `-` if it is not known. */
export function timeText(time: bigint | null, { relative }: TableOptions, now = wallClock()): string {
  if (time === null) return '-';
  return relative === true ? agoOf(time, now) : dateOf(time).replace(/\.\d{3}Z$/, 'Z');
}

interface OfStore {
  readonly node: string;
  readonly store: string;
}

export const storeText = (store: string, whole = false) => plain(whole ? store : store.slice(0, 8));

/** Texts for the nodes of these rows: their names, and the store as well if two of them have the same name, or none. */
export function nodeTexts(rows: readonly OfStore[]): (row: OfStore) => string {
  const stores = new Map<string, string>();
  const ambiguous = new Set(['']);
  for (const { node, store } of rows) {
    if ((stores.get(node) ?? store) !== store) ambiguous.add(node);
    stores.set(node, store);
  }
  return ({ node, store }) =>
    store !== '' && ambiguous.has(node) ? `${plain(node)} (${storeText(store)})`.trimStart() : plain(node);
}
