import { type Why, whyRow, whySnapshot } from '../../app/explain/why-snapshot.ts';
import type { World } from '../cli-deps.ts';
import { historyFiles } from '../load-store.ts';
import { plain } from '../output/plain.ts';
import type { Print } from '../output/print.ts';
import type { RootOptions } from '../store-root.ts';

export interface WhyOptions extends RootOptions {
  readonly json?: boolean;
}

/** Prints why a snapshot is there, or is not any more: who made it, what holds it, who removed it and what led to that. */
export async function why(about: string, options: WhyOptions, world: World, print: Print): Promise<void> {
  const found = await whySnapshot(historyFiles(options, world), about);
  print(options.json === true ? [JSON.stringify(whyRow(found))] : textOf(found));
}

function textOf({ id, key, now, story, children }: Why): readonly string[] {
  return [
    `snapshot ${id} ${plain(key)}: ${now}`,
    ...story.map((part) => `  ${plain(part)}`),
    ...children.map((child) => `  held by its child ${plain(child)}`),
    ...(now === 'retained' ? [`  \`snapledger restore ${id}\` brings it back`] : []),
  ];
}
