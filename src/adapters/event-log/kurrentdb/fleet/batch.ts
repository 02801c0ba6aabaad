import type { RawItem } from './heads.ts';

/** Number of events after which a batch of what is there ends: each batch is a transaction of an index. */
export const batchSize = 32_768;

/** Characters of JSON after which it ends before: 32,768 events have about 20 million. */
export const maxLength = 32 * 1024 * 1024;

/** Items of a batch that is being read. */
export interface Batch<I> {
  readonly items: readonly I[];
  add(item: RawItem): void;
  /** Whether its events are so large that it should end. */
  isHeavy(): boolean;
}

export function createBatch<I>(convert: (item: RawItem) => I): Batch<I> {
  const items: I[] = [];
  let length = 0;
  return {
    items,
    add: (item) => {
      if (item.kind === 'stored') length += item.stored.body.length;
      items.push(convert(item));
    },
    isHeavy: () => length >= maxLength,
  };
}
