import { SyntaxFault } from '../syntax-fault.ts';
import type { Accepts } from './tree.ts';

/** A set of characters as the inside of a JavaScript class under the flag u, or all characters that are not in it. */
export interface CharacterSet {
  readonly inside: string;
  readonly negated: boolean;
}

/** The set of one character, or of a range of code points. */
export function range(low: string, high = low): string {
  return low === high ? escaped(low) : `${escaped(low)}-${escaped(high)}`;
}

const escaped = (character: string): string => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;

/**
 * Accepts the characters of any of the sets, or with `negated` those of none. `fold` ignores case, in the sets
 * themselves: what a negated set excludes, it then excludes in both cases.
 */
export function createAccepts(sets: readonly CharacterSet[], negated: boolean, fold: boolean): Accepts {
  const flags = fold ? 'iu' : 'u';
  const positive = sets.filter((set) => !set.negated).map((set) => set.inside);
  const tests = sets.filter((set) => set.negated).map((set) => testOf(set.inside, flags, true));
  if (positive.length > 0) tests.push(testOf(positive.join(''), flags, false));
  const [only] = tests;
  if (tests.length === 1 && only !== undefined && !negated) return only;
  return (character) => tests.some((test) => test(character)) !== negated;
}

// One class, one character: the engine has nothing to go back to. A class of ranges alone can't be invalid here.
function testOf(inside: string, flags: string, negated: boolean): Accepts {
  const expression = new RegExp(`^[${inside}]$`, flags);
  return (character) => expression.test(character) !== negated;
}

const perl: Readonly<Record<string, string>> = { d: '0-9', s: '\\t\\n\\f\\r ', w: '0-9A-Za-z_' };

/** \d \s \w and their capitals, ASCII as in RE2; undefined for another letter. */
export function perlClass(letter: string): CharacterSet | undefined {
  const lower = letter.toLowerCase();
  return Object.hasOwn(perl, lower) ? { inside: perl[lower] ?? '', negated: letter !== lower } : undefined;
}

const posix: Readonly<Record<string, string>> = {
  alnum: '0-9A-Za-z',
  alpha: 'A-Za-z',
  ascii: '\\x00-\\x7f',
  blank: '\\t ',
  cntrl: '\\x00-\\x1f\\x7f',
  digit: '0-9',
  graph: '!-~',
  lower: 'a-z',
  print: ' -~',
  punct: '!-\\/:-@\\[-`\\{-~',
  space: '\\t\\n\\v\\f\\r ',
  upper: 'A-Z',
  word: '0-9A-Za-z_',
  xdigit: '0-9A-Fa-f',
};

/** The class of [:name:] or [:^name:]; undefined for a name that POSIX and Perl don't have. */
export function posixClass(name: string): CharacterSet | undefined {
  const negated = name.startsWith('^');
  const plain = negated ? name.slice(1) : name;
  return Object.hasOwn(posix, plain) ? { inside: posix[plain] ?? '', negated } : undefined;
}

/** The class of a Unicode category (`L`, `Lu`) or script (`Greek`), `^` before the name negates. Throws SyntaxFault. */
export function unicodeClass(name: string, offset: number, capital: boolean): CharacterSet {
  const negated = name.startsWith('^') !== capital;
  const plain = name.replace('^', '');
  if (plain === 'Any') return { inside: '\\u{0}-\\u{10ffff}', negated };
  // Go's C is without the unassigned code points, for which it has no name.
  if (plain === 'C') return { inside: '\\p{Cc}\\p{Cf}\\p{Co}\\p{Cs}', negated };
  const inside = /^[LMNPSZ][a-z]?$|^C[cfos]$/.test(plain) ? `\\p{gc=${plain}}` : `\\p{Script=${plain}}`;
  if (!/^[A-Z]\w*$/.test(plain) || !isValid(inside))
    throw new SyntaxFault(offset, `${JSON.stringify(name)} is no Unicode category or script`);
  return { inside, negated };
}

function isValid(inside: string): boolean {
  try {
    return new RegExp(inside, 'u') !== undefined;
  } catch {
    return false;
  }
}
