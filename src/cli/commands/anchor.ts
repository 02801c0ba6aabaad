import { anchorOf, formatAnchor } from '../../app/audit/anchor.ts';
import type { World } from '../cli-deps.ts';
import type { Print } from '../output/print.ts';
import { type RootOptions, storeRoot } from '../store-root.ts';

export interface AnchorOptions extends RootOptions {
  readonly json?: boolean;
}

/** Prints the head of the log's hash chain as one line, to be kept elsewhere. */
export async function anchor({ json, ...options }: AnchorOptions, world: World, print: Print): Promise<void> {
  const log = await world.openLog(storeRoot(options));
  const head = await anchorOf(log).finally(() => log.close());
  const { store, position, chainHash } = head;
  print([
    json === true
      ? JSON.stringify({ store, position: String(position), chainHash, anchor: formatAnchor(head) })
      : formatAnchor(head),
  ]);
}
