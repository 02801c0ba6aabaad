import type { StoreFiles } from '../../ports/store-files.ts';

/** The position of the newest whole checkpoint up to a position, 0 for none. */
export async function newestCheckpoint(files: Pick<StoreFiles, 'openCheckpoints'>, upTo: number): Promise<number> {
  for await (const { at } of (await files.openCheckpoints()).load(() => {}, upTo)) return at.position;
  return 0;
}
