import type { Token } from './tokens.ts';

/** 16 bits a token, 8 of them set by each: one token in 1,700 that is not there seems to be. */
const bitsPerToken = 16;
const probes = 8;

/** Two hashes of a token, which give all its places in any filter (Kirsch and Mitzenmacher). */
export interface Fingerprint {
  readonly first: number;
  readonly step: number;
}

export function fingerprintOf(token: Token): Fingerprint {
  return { first: hashed(token, 0x811c9dc5), step: hashed(token, 0x9747b28c) | 1 };
}

/** A Bloom filter's bits: what was put in is always found. */
export function filterOf(tokens: ReadonlySet<Token>): Buffer {
  const bits = Buffer.alloc(Math.max(1, Math.ceil((tokens.size * bitsPerToken) / 8)));
  for (const token of tokens) {
    const print = fingerprintOf(token);
    for (let probe = 0; probe < probes; probe++) {
      const at = placeOf(print, probe, bits);
      bits[at >>> 3] = (bits[at >>> 3] ?? 0) | (1 << (at & 7));
    }
  }
  return bits;
}

/** Whether the token with this fingerprint may have been put in. */
export function mayHold(bits: Buffer, print: Fingerprint): boolean {
  for (let probe = 0; probe < probes; probe++) {
    const at = placeOf(print, probe, bits);
    if (((bits[at >>> 3] ?? 0) & (1 << (at & 7))) === 0) return false;
  }
  return true;
}

const placeOf = ({ first, step }: Fingerprint, probe: number, bits: Buffer) =>
  ((first + Math.imul(probe, step)) >>> 0) % (bits.length * 8);

/** FNV-1a over the characters, and murmur's last mixing. */
function hashed(token: Token, seed: number): number {
  let hash = seed;
  for (let at = 0; at < token.length; at++) hash = Math.imul(hash ^ token.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
