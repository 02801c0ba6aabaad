import { bytesOf, type Change, changeRow, difference } from '../../app/audit/difference.ts';
import { stateOfStore } from '../../app/audit/state-at.ts';
import type { World } from '../cli-deps.ts';
import { storeFiles } from '../load-store.ts';
import { brief } from '../output/brief.ts';
import type { Print } from '../output/print.ts';
import { sizeText } from '../output/size.ts';
import { createTable } from '../output/table.ts';
import type { RootOptions } from '../store-root.ts';

export interface DiffOptions extends RootOptions {
  readonly json?: boolean;
  /** digests in full */
  readonly whole?: boolean;
}

/** Prints what appeared, vanished and changed between two moments; the second is now unless named. */
export async function diff(
  from: string,
  to: string | undefined,
  options: DiffOptions,
  world: World,
  print: Print,
): Promise<void> {
  const files = storeFiles(options, world);
  const [before, after] = [await stateOfStore(files, from), await stateOfStore(files, to)];
  const changes = difference(before, after);
  if (options.json === true) print(changes.map((change) => JSON.stringify(changeRow(change))));
  else print(diffLines(changes, [before.position, after.position], options.whole));
}

function diffLines(
  changes: readonly Change[],
  [from, to]: readonly [number, number],
  whole?: boolean,
): readonly string[] {
  const table = createTable([
    { title: '' },
    { title: 'ID', align: 'right' },
    { title: 'KIND' },
    { title: 'BYTES', align: 'right' },
    { title: 'KEY' },
  ]);
  const rows = changes.map((change) => {
    const { how, id, before, after } = change;
    const kinds = [...new Set([before?.kind, after?.kind])].filter((kind) => kind !== undefined);
    const keys = [...new Set([before?.key, after?.key])].filter((key) => key !== undefined);
    return [
      signs[how],
      String(id),
      kinds.join(' -> '),
      signed(bytesOf(change)),
      keys.map((key) => brief(key, whole)).join(' -> '),
    ];
  });
  const count = (how: Change['how']) => changes.filter((change) => change.how === how).length;
  const sum = changes.reduce((all, change) => all + bytesOf(change), 0);
  const counts = `${count('appeared')} appeared, ${count('vanished')} vanished, ${count('changed')} changed`;
  return [...(rows.length === 0 ? [] : table.lines(rows)), `position ${from} to ${to}: ${counts}, ${signed(sum)}`];
}

const signs = { appeared: '+', vanished: '-', changed: '~' } as const;
const signed = (bytes: number) => `${bytes < 0 ? '-' : '+'}${sizeText(Math.abs(bytes))}`;
