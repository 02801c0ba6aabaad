import type { Envelope } from '../../../events/envelope.ts';
import { genesisHash, type Link, linked } from '../../../src/adapters/event-log/kurrentdb/wire.ts';
import { createImages, randomOf } from './images.ts';
import { day, playNode } from './play-node.ts';

export interface FleetOptions {
  readonly seed: number;
  readonly nodes: number;
  /** of a node */
  readonly snapshots: number;
  /** of a node's log */
  readonly events: number;
  /** nanoseconds since 1970 UTC: the end of the day that is played */
  readonly end: bigint;
}

/** Events that a node's forwarder sends in one append. */
export interface Sent {
  readonly store: string;
  /** nanoseconds since 1970 UTC */
  readonly time: bigint;
  readonly links: readonly Link[];
}

/** The id of the store of a node, by its number. */
export const storeOf = (seed: number, node: number): string => `${hex(seed, 8)}-0000-4000-8000-${hex(node, 12)}`;
const hex = (n: number, digits: number) => n.toString(16).padStart(digits, '0');

interface Playing {
  readonly store: string;
  readonly batches: Iterator<readonly Envelope[]>;
  next: readonly Envelope[] | undefined;
  chainHash: string;
}

/** in which order the appends of one are is decided by sorting */
const slice = 300_000_000_000n;

/** The appends of all nodes, in the order of their times. Memory grows with nodes and snapshots, not with events. */
export function* playFleet(options: FleetOptions): Generator<Sent> {
  const { seed, nodes, end } = options;
  const images = createImages(seed);
  let playing = Array.from({ length: nodes }, (_, n): Playing => {
    const store = storeOf(seed, n);
    const random = randomOf(seed * 1_000_003 + n);
    const batches = playNode({ ...options, store, node: `node-${String(n).padStart(4, '0')}`, images, random });
    return { store, batches, next: batches.next().value, chainHash: genesisHash(store) };
  });
  for (let until = end - 2n * day; playing.length > 0; until += slice) {
    const due = playing.flatMap((node) => [...dueOf(node, until)]);
    yield* due.sort((a, b) => (a.time < b.time ? -1 : Number(a.time > b.time)));
    playing = playing.filter(({ next }) => next !== undefined);
  }
}

function* dueOf(node: Playing, until: bigint): Generator<Sent> {
  for (let batch = node.next; batch !== undefined; batch = node.next) {
    const time = batch[0]?.time ?? 0n;
    if (time >= until) return;
    const links = linked(batch, node.chainHash);
    node.chainHash = links.at(-1)?.chainHash ?? node.chainHash;
    yield { store: node.store, time, links };
    node.next = node.batches.next().value;
  }
}
