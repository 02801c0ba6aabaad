import * as either from 'fp-ts/lib/Either.js';
import { type Answer, refuse } from '../commands.ts';
import { parseSelectors } from './parse-selectors.ts';
import { SyntaxFault } from './read-quoted.ts';
import { createMatcher, type Matches } from './selector.ts';

/** Longer filters than this many UTF-16 units are refused: no label or key that they could name is that long. */
const maxLength = 65_536;

/**
 * containerd's filters as one test of a snapshot: it passes if any filter matches, and a filter matches if all of its
 * terms do. No filters, or an empty one among them, pass every snapshot. The refusal says which filter is wrong, in which
 * column (characters, from 1), and what was expected there. Never throws.
 */
export function parseFilters(texts: readonly string[]): Answer<Matches> {
  const filters: (readonly Matches[])[] = [];
  for (const [index, text] of texts.entries()) {
    try {
      filters.push(parseFilter(text));
    } catch (error) {
      if (!(error instanceof SyntaxFault)) throw error;
      return refuse('invalid-argument', `filter ${index + 1} ${shown(text)}: ${place(text, error)}`);
    }
  }
  if (filters.length === 0) return either.right(() => true);
  return either.right((snapshot) => filters.some((terms) => terms.every((matches) => matches(snapshot))));
}

function parseFilter(text: string): readonly Matches[] {
  if (text.length > maxLength) throw new SyntaxFault(maxLength, `longer than ${maxLength} characters`);
  const unreadable = text.search(/[\0\uFFFD\p{Cs}]/u);
  if (unreadable >= 0) throw new SyntaxFault(unreadable, 'expected Unicode text without NUL characters');
  return text === '' ? [] : parseSelectors(text).map(createMatcher);
}

function place(text: string, { offset, message }: SyntaxFault): string {
  return `column ${Array.from(text.slice(0, offset)).length + 1}: ${message}`;
}

function shown(text: string): string {
  return JSON.stringify(text.length > 200 ? `${text.slice(0, 197)}...` : text);
}
