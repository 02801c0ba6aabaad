import type { Mention } from '../../../../ports/readable-log.ts';

/** A searched field with its value as it stands in an event's line: bytes as latin1 characters. */
export type Token = string;

const fields = /"(?:id|key|name|parentId)":"(?:[^"\\]|\\.)*"/g;
const dataStart = '"data":{';

/** The bytes of a mention in a line. */
export function tokenOf({ field, value }: Mention): Token {
  return Buffer.from(`"${field}":${JSON.stringify(value)}`).toString('latin1');
}

/** Every token of a line. A label with the name of such a field adds one more, which does no harm. */
export function tokensIn(line: string): readonly Token[] {
  const start = line.indexOf(dataStart);
  return start === -1 ? [] : (line.slice(start + dataStart.length).match(fields) ?? []);
}

/** 16 bits a token, 8 of them set by each: one false positive in 1,700. */
const bitsPerToken = 16;
const probes = 8;

/** Two hashes of a token, from which all its bits in any filter follow (Kirsch and Mitzenmacher). */
interface Fingerprint {
  readonly first: number;
  readonly step: number;
}

export function fingerprintOf(token: Token): Fingerprint {
  return { first: hashed(token, 0x811c9dc5), step: hashed(token, 0x9747b28c) | 1 };
}

/** The bits of a Bloom filter. */
export function filterOf(tokens: ReadonlySet<Token>): Buffer {
  const bits = Buffer.alloc(Math.max(1, Math.ceil((tokens.size * bitsPerToken) / 8)));
  for (const token of tokens) {
    const print = fingerprintOf(token);
    for (let probe = 0; probe < probes; probe++) {
      const at = bitOf(print, probe, bits);
      bits[at >>> 3] = (bits[at >>> 3] ?? 0) | (1 << (at & 7));
    }
  }
  return bits;
}

/** False only if the token with this fingerprint is not in the filter. */
export function mayHold(bits: Buffer, print: Fingerprint): boolean {
  for (let probe = 0; probe < probes; probe++) {
    const at = bitOf(print, probe, bits);
    if (((bits[at >>> 3] ?? 0) & (1 << (at & 7))) === 0) return false;
  }
  return true;
}

const bitOf = ({ first, step }: Fingerprint, probe: number, bits: Buffer) =>
  ((first + Math.imul(probe, step)) >>> 0) % (bits.length * 8);

/** FNV-1a over the characters, and murmur's last mixing. */
function hashed(token: Token, seed: number): number {
  let hash = seed;
  for (let at = 0; at < token.length; at++) hash = Math.imul(hash ^ token.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
