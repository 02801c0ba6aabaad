import { hash } from 'node:crypto';
import * as either from 'fp-ts/lib/Either.js';
import * as json from 'fp-ts/lib/Json.js';
import * as t from 'io-ts';
import { Decimal, decodeWith } from '../../../../../events/codecs.ts';
import { chain, formatLine, type Line } from './line.ts';

/** The layouts of segments. In version 1 every line is its own batch, and the file grows with its lines. */
const formats = { 1: 'snapledger.log.v1', 2: 'snapledger.log.v2' } as const;

export type FormatVersion = keyof typeof formats;

/** All versions, the one that is written first. */
export const formatVersions: readonly FormatVersion[] = [2, 1];

/** A checkpoint by its position, which names its file, and the SHA-256 of that file's bytes, in hex. */
const BaseCodec = t.type({ position: Decimal, sha256: t.string }, 'Base');

/** A checkpoint that must not be deleted: without it the state would lack what a gap lost. */
export type Base = Readonly<t.TypeOf<typeof BaseCodec>>;

const GapCodec = t.type({ last: Decimal, chainHash: t.string, base: BaseCodec }, 'Gap');

/**
 * What a repair left out at a segment's beginning: the positions from the header's `first` to `last` are lost, and the
 * history continues from `last` and its known chain hash. The log directory keeps a checkpoint of `last` or a later
 * position, since the state there can't be replayed.
 */
type Gap = Readonly<t.TypeOf<typeof GapCodec>>;

const Body = t.intersection(
  [
    t.type({
      format: t.keyof({ [formats[1]]: null, [formats[2]]: null }),
      store: t.string,
      first: Decimal,
      before: t.string,
    }),
    t.partial({ gap: GapCodec }),
  ],
  'SegmentHeader',
);

/** The first line of a segment. */
export interface Header {
  readonly version: FormatVersion;
  readonly store: string;
  /** position of the segment's first event */
  readonly first: number;
  /** the chain hash of the event before that one */
  readonly before: string;
  /** the header's own hash, from which the first event's follows */
  readonly hash: string;
  /** length of the line, its line feed included */
  readonly bytes: number;
  readonly gap?: Gap;
}

/** The values from which a header is formatted, by default in the newest version. */
type HeaderValues = Pick<Header, 'store' | 'first' | 'before' | 'gap'> & Partial<Pick<Header, 'version'>>;

/** The chain hash at position 0: different for every store, so that no record of another store ever fits. The same in all formats. */
export function genesisHash(store: string): string {
  return hash('sha256', `${formats[1]} ${store}`);
}

export function formatHeader(values: HeaderValues): { header: Header; text: string } {
  const { store, first, before, gap, version = 2 } = values;
  const body = Body.encode({ format: formats[version], store, first, before, ...(gap && { gap }) });
  const { text, hash } = formatLine('segment', before, JSON.stringify(body));
  const header = { version, store, first, before, ...(gap && { gap }), hash, bytes: Buffer.byteLength(text) };
  return { header, text };
}

const anyFormat = /^snapledger\.log\.v([1-9][0-9]*)$/;

/** The format that a whole header line names, if a newer release wrote it; its other fields are that release's. */
export function newerFormat({ body }: Line): string | undefined {
  const parsed = either.toUnion(either.mapLeft(() => null)(json.parse(body))) as { readonly format?: unknown } | null;
  const format = typeof parsed?.format === 'string' ? parsed.format : '';
  return Number(anyFormat.exec(format)?.[1] ?? 0) > Math.max(...formatVersions) ? format : undefined;
}

/** The header in a whole line of a known format, or what is wrong with it. */
export function decodeHeader(line: Line, bytes: number): either.Either<string, Header> {
  const parsed = either.mapLeft(String)(json.parse(line.body));
  const decoded = either.chain((body: unknown) => decodeWith(Body, body))(parsed);
  return either.chain(({ format, store, first, before, gap }: t.TypeOf<typeof Body>) => {
    if (chain(before, line.body) !== line.hash) return either.left('its hash does not match');
    const version = format === formats[1] ? 1 : 2;
    return either.right<string, Header>({ version, store, first, before, ...(gap && { gap }), hash: line.hash, bytes });
  })(decoded);
}
