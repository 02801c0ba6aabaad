import type { Count } from '../../app/audit/stats.ts';
import { plain } from './plain.ts';
import { sizeText } from './size.ts';
import { createTable } from './table.ts';

/** Counts by what they are of, under a title. */
export function countLines(
  groups: readonly (readonly [title: string, counts: ReadonlyMap<string, Count>])[],
): readonly string[] {
  const table = createTable([
    { title: 'BY' },
    { title: '' },
    { title: 'SNAPSHOTS', align: 'right' },
    { title: 'BYTES', align: 'right' },
    { title: 'INODES', align: 'right' },
    { title: 'UNMEASURED', align: 'right' },
  ]);
  return table.lines(
    groups.flatMap(([title, counts]) =>
      [...counts].map(([name, { snapshots, bytes, inodes, unmeasured }], at) => [
        at === 0 ? title : '',
        plain(name),
        ...[String(snapshots), sizeText(bytes), String(inodes), String(unmeasured)],
      ]),
    ),
  );
}
