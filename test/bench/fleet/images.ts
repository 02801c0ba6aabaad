import { createHash } from 'node:crypto';

/** The next number of a sequence, from 0 to below 1. The same seed, the same sequence. */
export type Random = () => number;

/** mulberry32 */
export function randomOf(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let x = Math.imul(state ^ (state >>> 15), state | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
  };
}

export interface ImageLayer {
  readonly chainId: string;
  readonly diffId: string;
  /** of its compressed form, as the registry has it */
  readonly blob: string;
  readonly bytes: number;
  readonly inodes: number;
}

export interface Image {
  readonly name: string;
  /** digest of its manifest */
  readonly target: string;
  /** the base layer's first */
  readonly layers: readonly ImageLayer[];
}

const digestOf = (text: string) => `sha256:${createHash('sha256').update(text).digest('hex')}`;

function layerOn(below: string, name: string, random: Random): ImageLayer {
  const diffId = digestOf(`layer ${name}`);
  // Sizes from some KiB to 300 MiB, most of them small.
  const bytes = 4096 * Math.round(1 + 75_000 * random() ** 4);
  const chainId = below === '' ? diffId : digestOf(`${below} ${diffId}`);
  return { chainId, diffId, blob: digestOf(`blob ${name}`), bytes, inodes: 1 + Math.round(bytes / 30_000) };
}

function stackedOn(base: readonly ImageLayer[], names: readonly string[], random: Random): readonly ImageLayer[] {
  const layers = [...base];
  for (const name of names) layers.push(layerOn(layers.at(-1)?.chainId ?? '', name, random));
  return layers;
}

/** The images of a company: 40 bases of two or three layers, 600 images of two to seven layers on them. */
export function createImages(seed: number): readonly Image[] {
  const random = randomOf(seed);
  const upTo = (most: number) => Math.floor(random() * most);
  const named = (prefix: string, count: number) => Array.from({ length: count }, (_, n) => `${prefix} ${n}`);
  const bases = Array.from({ length: 40 }, (_, n) => stackedOn([], named(`base ${n}`, 2 + upTo(2)), random));
  return Array.from({ length: 600 }, (_, n) => {
    const layers = stackedOn(bases[upTo(bases.length)] ?? [], named(`image ${n}`, 2 + upTo(6)), random);
    const name = `registry.example/team-${n % 24}/service-${n}:1.${upTo(40)}.${upTo(10)}`;
    return { name, target: digestOf(`manifest ${n}`), layers };
  });
}
