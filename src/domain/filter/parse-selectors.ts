import { RE2JS, RE2JSSyntaxException } from 're2js';
import { readQuoted, SyntaxFault } from './read-quoted.ts';
import type { Selector } from './selector.ts';

/**
 * The terms of one filter: `path[operator value]`, joined by commas. A path is fields joined by dots, each of them
 * [A-Za-z0-9_]+ or quoted with ". An operator is ==, != or ~=. A value goes up to the next comma or space, or is quoted;
 * for ~= the quotes may also be / or |. Space is allowed before a field, an operator and a value, not after a value.
 * Throws SyntaxFault.
 */
export function parseSelectors(text: string): readonly Selector[] {
  const selectors: Selector[] = [];
  let at = 0;
  for (;;) {
    const { selector, end } = readSelector(text, at);
    selectors.push(selector);
    if (end === text.length) return selectors;
    if (text[end] !== ',') throw new SyntaxFault(end, 'expected a comma or the end');
    at = end + 1;
  }
}

interface Read<T> {
  readonly value: T;
  readonly end: number;
}

function readSelector(text: string, start: number): { readonly selector: Selector; readonly end: number } {
  const path = readPath(text, start);
  if (path.end === text.length || text[path.end] === ',')
    return { selector: { path: path.value, operator: 'present' }, end: path.end };
  const operator = readOperator(text, path.end);
  const from = skipSpace(text, operator.end);
  const { value, end } = readValue(text, from, operator.value);
  if (operator.value !== '~=') return { selector: { path: path.value, operator: operator.value, value }, end };
  return { selector: { path: path.value, operator: '~=', regex: regexAt(from, value) }, end };
}

function readPath(text: string, start: number): Read<readonly string[]> {
  const fields: string[] = [];
  let at = start;
  for (;;) {
    const { value, end } = readField(text, skipSpace(text, at));
    fields.push(value);
    if (text[end] !== '.') return { value: fields, end };
    at = end + 1;
  }
}

function readField(text: string, at: number): Read<string> {
  if (text[at] === '"') return readQuoted(text, at);
  const value = matchAt(/[A-Za-z0-9_]+/y, text, at);
  if (value === '') throw new SyntaxFault(at, 'expected a field, plain ([A-Za-z0-9_]) or quoted with "');
  return { value, end: at + value.length };
}

function readOperator(text: string, start: number): Read<'==' | '!=' | '~='> {
  const at = skipSpace(text, start);
  const value = matchAt(/[=!~]+/y, text, at);
  if (value === '==' || value === '!=' || value === '~=') return { value, end: at + value.length };
  throw new SyntaxFault(at, 'expected an operator: ==, != or ~=');
}

function readValue(text: string, at: number, operator: string): Read<string> {
  const [first] = text.slice(at, at + 1);
  if (first === '"' || (operator === '~=' && (first === '/' || first === '|'))) return readQuoted(text, at);
  if (first === '/' || first === '|') throw new SyntaxFault(at, `expected a value; ${first} quotes only after ~=`);
  // The first character may be any but one of the grammar: containerd's scanner checks only the later ones.
  const value = matchAt(/[^,.=!~](?:(?!,)[\p{L}\p{M}\p{N}\p{P}\p{S}])*/uy, text, at);
  if (value === '') throw new SyntaxFault(at, 'expected a value, plain or quoted');
  return { value, end: at + value.length };
}

/** Limits of an expression. A match takes at most (instructions) x (length of the text) steps, on the main thread. */
const maxPatternLength = 4_096;
const maxInstructions = 2_000;
const tooLarge = `expected a regular expression of at most ${maxPatternLength} characters that compiles to at most ${maxInstructions} instructions`;

/**
 * Whether a text contains a match of an expression in RE2's syntax, as Go's `regexp` decides it. JavaScript's own engine
 * differs in syntax and can take exponential time.
 */
function regexAt(at: number, pattern: string): (text: string) => boolean {
  try {
    const regex = pattern.length > maxPatternLength ? undefined : RE2JS.compile(pattern);
    if (regex === undefined || regex.programSize() > maxInstructions) throw new SyntaxFault(at, tooLarge);
    return (text) => regex.test(text);
  } catch (error) {
    if (!(error instanceof RE2JSSyntaxException)) throw error;
    throw new SyntaxFault(at, `expected a regular expression: ${error.message.replace('error parsing regexp: ', '')}`);
  }
}

function skipSpace(text: string, at: number): number {
  return at + matchAt(/\p{White_Space}+/uy, text, at).length;
}

/** What a sticky expression matches at an offset, or nothing. */
function matchAt(expression: RegExp, text: string, at: number): string {
  expression.lastIndex = at;
  return expression.exec(text)?.[0] ?? '';
}
