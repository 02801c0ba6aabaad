import { SyntaxFault } from '../syntax-fault.ts';
import { type CharacterSet, createAccepts, perlClass, posixClass, range, unicodeClass } from './character-class.ts';
import type { Cursor } from './cursor.ts';
import { readEscape } from './read-escape.ts';
import type { Accepts } from './tree.ts';

/** A class in brackets; the cursor is after the opening one and ends after the closing one. Throws SyntaxFault. */
export function readClass(cursor: Cursor, fold: boolean): Accepts {
  const start = cursor.offset() - 1;
  const negated = cursor.take(/\^/y) !== '';
  const sets: CharacterSet[] = [];
  // A closing bracket in the first place is an ordinary character.
  for (let first = true; first || cursor.take(/\]/y) === ''; first = false) {
    if (cursor.atEnd()) throw new SyntaxFault(start, 'missing closing ]');
    sets.push(readNamedClass(cursor) ?? readPosix(cursor) ?? readRange(cursor, start));
  }
  return createAccepts(sets, negated, fold);
}

/** \d, \pN, \p{Greek} and their like, in brackets or without; undefined, and nothing taken, where none stands. */
export function readNamedClass(cursor: Cursor): CharacterSet | undefined {
  const offset = cursor.offset();
  const perl = cursor.take(/\\[dswDSW]/y);
  if (perl !== '') return perlClass(perl.slice(1));
  const unicode = cursor.take(/\\[pP](?:\{[^}]*\}|[^{])/uy);
  if (unicode !== '') return unicodeClass(unicode.slice(2).replace(/[{}]/g, ''), offset, unicode[1] === 'P');
  return undefined;
}

function readPosix(cursor: Cursor): CharacterSet | undefined {
  const offset = cursor.offset();
  const text = cursor.take(/\[:.*?:\]/sy);
  if (text === '') return undefined;
  const named = posixClass(text.slice(2, -2));
  if (named === undefined) throw new SyntaxFault(offset, `unknown class ${text}`);
  return named;
}

function readRange(cursor: Cursor, start: number): CharacterSet {
  const offset = cursor.offset();
  const low = readMember(cursor, start);
  // A dash before the closing bracket is a character of its own.
  if (cursor.take(/-(?!\])/y) === '') return { inside: range(low), negated: false };
  const high = readMember(cursor, start);
  if ((high.codePointAt(0) ?? 0) < (low.codePointAt(0) ?? 0))
    throw new SyntaxFault(offset, `range ${low}-${high} is out of order`);
  return { inside: range(low, high), negated: false };
}

function readMember(cursor: Cursor, start: number): string {
  if (cursor.atEnd()) throw new SyntaxFault(start, 'missing closing ]');
  const character = cursor.takeCharacter();
  return character === '\\' ? readEscape(cursor) : character;
}
