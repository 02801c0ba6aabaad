const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** Go's escapes of one character, as bytes. */
const simple: Readonly<Record<string, number>> = { a: 7, b: 8, f: 12, n: 10, r: 13, t: 9, v: 11, '\\': 92 };
/** Go's escapes of so many hexadecimal digits. */
const hexadecimal: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 };

/**
 * The text between a quote at an offset and the next of its kind, with Go's escapes undone: \a \b \f \n \r \t \v \\, the
 * quote itself, \ooo and \xhh (bytes), \uhhhh and \Uhhhhhhhh (characters). Bytes that are no UTF-8 become U+FFFD.
 * `end` is the offset after the closing quote. Throws SyntaxFault.
 */
export function readQuoted(text: string, start: number): { readonly value: string; readonly end: number } {
  const quote = text[start] ?? '';
  const bytes: number[] = [];
  let at = start + 1;
  for (;;) {
    const character = String.fromCodePoint(text.codePointAt(at) ?? 10);
    if (character === '\n') throw new SyntaxFault(start, `expected a closing ${quote} on the same line`);
    at += character.length;
    if (character === quote) return { value: decoder.decode(Uint8Array.from(bytes)), end: at };
    if (character === '\\') at = readEscape(text, at, quote, bytes);
    else pushCharacter(bytes, character);
  }
}

/** Appends what the escape stands for (`at` is the offset after the backslash) and returns the offset after it. */
function readEscape(text: string, at: number, quote: string, bytes: number[]): number {
  const letter = text[at] ?? '';
  const byte = letter === quote ? quote.charCodeAt(0) : Object.hasOwn(simple, letter) ? simple[letter] : undefined;
  if (byte !== undefined) {
    bytes.push(byte);
    return at + 1;
  }
  const octal = /^[0-3][0-7]{2}/.exec(text.slice(at, at + 3))?.[0];
  if (octal !== undefined) {
    bytes.push(Number.parseInt(octal, 8));
    return at + 3;
  }
  const digits = Object.hasOwn(hexadecimal, letter) ? (hexadecimal[letter] ?? 0) : 0;
  const code = hex(text.slice(at + 1, at + 1 + digits), digits);
  if (code === undefined)
    throw new SyntaxFault(at - 1, `expected an escape of Go's: \\\\, \\${quote}, \\n, \\x41, ...`);
  if (letter === 'x') bytes.push(code);
  else pushCharacter(bytes, code >= 0xd800 && code <= 0xdfff ? '\uFFFD' : String.fromCodePoint(code));
  return at + 1 + digits;
}

function hex(text: string, digits: number): number | undefined {
  if (digits === 0 || text.length < digits || !/^[0-9A-Fa-f]+$/.test(text)) return undefined;
  const code = Number.parseInt(text, 16);
  return code <= 0x10ffff ? code : undefined;
}

function pushCharacter(bytes: number[], character: string): void {
  for (const byte of encoder.encode(character)) bytes.push(byte);
}

/** A syntax error in a filter or a regular expression. Never leaves this folder: it becomes a refusal. */
export class SyntaxFault extends Error {
  /** offset in UTF-16 units of the text that was parsed */
  readonly offset: number;

  constructor(offset: number, message: string) {
    super(message);
    this.name = 'SyntaxFault';
    this.offset = offset;
  }
}
