/** Whether a character (one code point, as text) belongs. */
export type Accepts = (character: string) => boolean;

/** A place between characters: `before` and `after` are the characters there, undefined at the ends of the text. */
export type Holds = (before: string | undefined, after: string | undefined) => boolean;

/** A parsed regular expression. */
export type Tree =
  | { readonly type: 'character'; readonly accepts: Accepts }
  | { readonly type: 'place'; readonly holds: Holds }
  | { readonly type: 'sequence'; readonly parts: readonly Tree[] }
  | { readonly type: 'choice'; readonly options: readonly Tree[] }
  | { readonly type: 'repeat'; readonly part: Tree; readonly min: number; readonly max: number };

const isWord = (character: string | undefined): boolean => character !== undefined && /^[0-9A-Za-z_]$/.test(character);

/** The places that RE2 has names for; words are ASCII, and `$` without the flag m is the very end of the text. */
export const places = {
  textStart: (before: string | undefined) => before === undefined,
  textEnd: (_before: string | undefined, after: string | undefined) => after === undefined,
  lineStart: (before: string | undefined) => before === undefined || before === '\n',
  lineEnd: (_before: string | undefined, after: string | undefined) => after === undefined || after === '\n',
  wordEdge: (before: string | undefined, after: string | undefined) => isWord(before) !== isWord(after),
  noWordEdge: (before: string | undefined, after: string | undefined) => isWord(before) === isWord(after),
} satisfies Record<string, Holds>;
