import { setImmediate as turn } from 'node:timers/promises';

/** Items between two turns of the event loop. */
const slice = 2_000;

/** `Array.from(items, map)`, between whose slices everything else gets its turn. */
export async function mapInSlices<A, B>(items: ArrayLike<A>, map: (item: A, index: number) => B): Promise<B[]> {
  const mapped: B[] = [];
  for (let index = 0; index < items.length; index++) {
    if (index > 0 && index % slice === 0) await turn();
    mapped.push(map(items[index] as A, index));
  }
  return mapped;
}
