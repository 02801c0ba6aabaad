import type { Link } from './wire.ts';

/** What every version of the cluster takes in one append; older ones refuse more than 1 MB. */
const most = { events: 500, bytes: 512 * 1024 };

/** Links in the same order, in groups that fit one append each. One that fits none goes alone. */
export function chunksOf(links: readonly Link[]): readonly (readonly Link[])[] {
  const chunks: Link[][] = [];
  let room = { events: 0, bytes: 0 };
  for (const link of links) {
    if (room.events < 1 || room.bytes < link.bytes) {
      chunks.push([]);
      room = { ...most };
    }
    chunks.at(-1)?.push(link);
    room = { events: room.events - 1, bytes: room.bytes - link.bytes };
  }
  return chunks;
}
