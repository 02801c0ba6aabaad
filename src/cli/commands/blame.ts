import { type Blame, blame as blameOf, blameRow } from '../../app/audit/blame.ts';
import type { World } from '../cli-deps.ts';
import { historyFiles } from '../load-store.ts';
import { brief } from '../output/brief.ts';
import { fieldLines } from '../output/fields.ts';
import { plain } from '../output/plain.ts';
import type { Print } from '../output/print.ts';
import { dateOf } from '../output/time.ts';
import { type RootOptions, storeRoot } from '../store-root.ts';

export interface BlameOptions extends RootOptions {
  readonly json?: boolean;
  /** digests in full */
  readonly whole?: boolean;
}

/** Prints which layer of a snapshot brought a path, or took it away, and who committed it when. */
export async function blame(
  key: string,
  path: string,
  options: BlameOptions,
  world: World,
  print: Print,
): Promise<void> {
  const root = storeRoot(options);
  const layers = (driver: string) => world.openLayers(root, driver);
  const found = await blameOf(historyFiles(options, world), layers, { key, path });
  print(options.json === true ? [JSON.stringify(blameRow(found))] : blameLines(found, options.whole));
}

function blameLines({ path, shows, by, how, before, event }: Blame, whole?: boolean): readonly string[] {
  const { actor = 'unknown', namespace } = event?.meta ?? {};
  const verb = by.kind === 'committed' ? 'committed' : 'open, prepared';
  return fieldLines([
    ['path', plain(path)],
    ['shows', shows],
    ['layer', `${by.id} ${brief(by.key, whole)}`],
    ['how', plain(how)],
    [verb, event === null ? 'unknown' : `${dateOf(event.time)}, position ${event.position}`],
    ['by', plain([actor, namespace].filter((part) => part !== undefined).join('/'))],
    ...(before === null ? [] : [['was of', `${before.id} ${brief(before.key, whole)}`] as const]),
  ]);
}
