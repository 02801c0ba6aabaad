import { hash } from 'node:crypto';
import { either, json } from 'fp-ts';
import * as t from 'io-ts';
import { Decimal, decodeWith } from '../../../../events/codecs.ts';
import { chain, formatLine, type Line } from './line.ts';

/** Changes with the layout of segments; a release reads every format that ever shipped. */
const format = 'snapledger.log.v1';

const Body = t.type({ format: t.literal(format), store: t.string, first: Decimal, before: t.string }, 'SegmentHeader');

/** The first line of a segment. */
export interface Header {
  readonly store: string;
  /** position of the segment's first event */
  readonly first: number;
  /** the mark of the event before that one */
  readonly before: string;
  /** the header's own hash, from which the first event's follows */
  readonly hash: string;
  /** length of the line, its line feed included */
  readonly bytes: number;
}

/** The mark at position 0: another one for every store, so that no record of another store ever fits. */
export function genesisMark(store: string): string {
  return hash('sha256', `${format} ${store}`);
}

export function formatHeader({ store, first, before }: Pick<Header, 'store' | 'first' | 'before'>): {
  header: Header;
  text: string;
} {
  const { text, hash } = formatLine('segment', before, JSON.stringify(Body.encode({ format, store, first, before })));
  return { header: { store, first, before, hash, bytes: Buffer.byteLength(text) }, text };
}

/** The header in a whole line, or what is wrong with it. */
export function decodeHeader(line: Line, bytes: number): either.Either<string, Header> {
  const parsed = either.mapLeft(String)(json.parse(line.body));
  const decoded = either.chain((body: unknown) => decodeWith(Body, body))(parsed);
  return either.chain(({ store, first, before }: t.TypeOf<typeof Body>) =>
    chain(before, line.body) === line.hash
      ? either.right<string, Header>({ store, first, before, hash: line.hash, bytes })
      : either.left('its hash does not match'),
  )(decoded);
}
