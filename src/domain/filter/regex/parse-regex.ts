import { SyntaxFault } from '../syntax-fault.ts';
import { createAccepts, range } from './character-class.ts';
import { type Cursor, createCursor } from './cursor.ts';
import { readClass, readNamedClass } from './read-class.ts';
import { readEscape } from './read-escape.ts';
import { type Flags, readGroup } from './read-group.ts';
import { readRepeat } from './read-repeat.ts';
import { type Holds, places, type Tree } from './tree.ts';

/** Deeper nested groups are refused, as by Go. */
const deepest = 1_000;

/** Parses RE2's syntax in Go's dialect (Perl's classes and flags). Throws SyntaxFault. */
export function parseRegex(pattern: string): Tree {
  const cursor = createCursor(pattern);
  const tree = readChoice(cursor, { i: false, m: false, s: false, U: false }, 0);
  if (!cursor.atEnd()) throw new SyntaxFault(cursor.offset(), 'unexpected )');
  return tree;
}

/** Up to the end or the closing parenthesis, which is not taken. Flags set inside hold until there. */
function readChoice(cursor: Cursor, outer: Flags, depth: number): Tree {
  if (depth > deepest) throw new SyntaxFault(cursor.offset(), 'nests too deeply');
  let flags = outer;
  let parts: Tree[] = [];
  const options: Tree[] = [{ type: 'sequence', parts }];
  while (!cursor.atEnd() && !cursor.sees(')')) {
    const quoted = cursor.take(/\\Q.*?(?:\\E|$)/sy);
    if (quoted !== '') {
      for (const character of quoted.replace(/^\\Q|\\E$/g, '')) parts.push(literal(character, flags));
    } else if (cursor.take(/\|/y) !== '') {
      parts = [];
      options.push({ type: 'sequence', parts });
    } else if (cursor.take(/\(/y) !== '') {
      const group = readGroup(cursor, flags);
      if (group.type === 'flags') flags = group.flags;
      else parts.push(readInner(cursor, group.flags, depth));
    } else readPiece(cursor, flags, parts);
  }
  return options.length === 1 ? { type: 'sequence', parts } : { type: 'choice', options };
}

function readInner(cursor: Cursor, flags: Flags, depth: number): Tree {
  const start = cursor.offset() - 1;
  const tree = readChoice(cursor, flags, depth + 1);
  if (cursor.take(/\)/y) === '') throw new SyntaxFault(start, 'missing closing )');
  return tree;
}

/** One atom, or a repeat that takes the last one's place. */
function readPiece(cursor: Cursor, flags: Flags, parts: Tree[]): void {
  const repeat = readRepeat(cursor);
  if (repeat === undefined) {
    parts.push(readAtom(cursor, flags));
    return;
  }
  const part = parts.pop();
  if (part === undefined) throw new SyntaxFault(repeat.offset, `nothing to repeat before ${repeat.text}`);
  parts.push({ type: 'repeat', part, min: repeat.min, max: repeat.max });
}

function readAtom(cursor: Cursor, flags: Flags): Tree {
  const named = readNamedClass(cursor);
  if (named !== undefined) return { type: 'character', accepts: createAccepts([named], false, flags.i) };
  const holds = placeOf(cursor.take(/\\[AzbB]|[\^$]/y), flags);
  if (holds !== undefined) return { type: 'place', holds };
  const character = cursor.takeCharacter();
  if (character === '[') return { type: 'character', accepts: readClass(cursor, flags.i) };
  if (character === '.') return { type: 'character', accepts: (any) => flags.s || any !== '\n' };
  return literal(character === '\\' ? readEscape(cursor) : character, flags);
}

function placeOf(text: string, { m }: Flags): Holds | undefined {
  switch (text) {
    case '^':
      return m ? places.lineStart : places.textStart;
    case '$':
      return m ? places.lineEnd : places.textEnd;
    case '\\A':
      return places.textStart;
    case '\\z':
      return places.textEnd;
    case '\\b':
      return places.wordEdge;
    case '\\B':
      return places.noWordEdge;
    default:
      return undefined;
  }
}

function literal(character: string, { i }: Flags): Tree {
  const accepts = i
    ? createAccepts([{ inside: range(character), negated: false }], false, true)
    : (other: string) => other === character;
  return { type: 'character', accepts };
}
