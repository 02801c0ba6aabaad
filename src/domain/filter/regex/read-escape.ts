import { SyntaxFault } from '../syntax-fault.ts';
import type { Cursor } from './cursor.ts';

const simple: Readonly<Record<string, string>> = { a: '\x07', f: '\f', t: '\t', n: '\n', r: '\r', v: '\v' };

/**
 * The one character that an escape stands for; the cursor is after the backslash. Octal (\123, \0), hexadecimal
 * (\x7F, \x{10FFFF}), \a \f \t \n \r \v, and any ASCII punctuation for itself. Throws SyntaxFault for the rest, among it
 * backreferences, which RE2 doesn't have.
 */
export function readEscape(cursor: Cursor): string {
  const start = cursor.offset() - 1;
  const octal = cursor.take(/0[0-7]{0,2}|[1-7][0-7]{1,2}/y);
  if (octal !== '') return String.fromCodePoint(Number.parseInt(octal, 8));
  const hexadecimal = cursor.take(/x(?:[0-9A-Fa-f]{2}|\{[0-9A-Fa-f]+\})/y).replace(/[x{}]/g, '');
  const code = hexadecimal === '' ? Number.NaN : Number.parseInt(hexadecimal, 16);
  if (code <= 0x10ffff) return String.fromCodePoint(code);
  const letter = cursor.takeCharacter();
  if (Object.hasOwn(simple, letter)) return simple[letter] ?? '';
  if (letter !== '' && letter < '\x80' && !/[0-9A-Za-z]/.test(letter)) return letter;
  const what = /[1-9]/.test(letter) ? 'backreferences are not supported' : 'unknown escape';
  throw new SyntaxFault(start, `${what}: \\${letter}`);
}
