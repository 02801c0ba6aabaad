import { compile } from './compile.ts';
import { parseRegex } from './parse-regex.ts';
import { search } from './search.ts';

/**
 * Whether a text contains a match of a regular expression in RE2's syntax, the one of Go's `regexp`. JavaScript's own
 * engine is not used: it differs in syntax and can take exponential time; this takes at most (size of the expression)
 * x (length of the text) steps. Throws SyntaxFault for what Go refuses too (lookaround, backreferences), and for an
 * expression too large to be a filter.
 */
export function createRegex(pattern: string): (text: string) => boolean {
  const program = compile(parseRegex(pattern));
  return (text) => search(program, text);
}
