/** A place in a pattern that moves forward. */
export interface Cursor {
  /** in UTF-16 units */
  offset(): number;
  atEnd(): boolean;
  /** Takes what the sticky expression matches here, or nothing and returns ''. */
  take(expression: RegExp): string;
  /** Takes the next character, whatever it is; '' at the end. */
  takeCharacter(): string;
  /** Whether the text stands here; takes nothing. */
  sees(text: string): boolean;
}

export function createCursor(pattern: string): Cursor {
  let at = 0;
  return {
    offset: () => at,
    atEnd: () => at >= pattern.length,
    take: (expression) => {
      expression.lastIndex = at;
      const taken = expression.exec(pattern)?.[0] ?? '';
      at += taken.length;
      return taken;
    },
    takeCharacter: () => {
      const code = pattern.codePointAt(at);
      const taken = code === undefined ? '' : String.fromCodePoint(code);
      at += taken.length;
      return taken;
    },
    sees: (text) => pattern.startsWith(text, at),
  };
}
