import { opendirSync } from 'node:fs';

/** All that stands in a small tree. */
export interface FewEntries {
  /** paths of regular files */
  readonly files: readonly string[];
  /** paths of directories, each after the one that it is in; the tree's own first */
  readonly directories: readonly string[];
  /** how many entries are neither: links, devices, whiteouts, sockets */
  readonly others: number;
}

/** What a directory holds, or undefined where that is more than `most` entries: no more of it is read then. Throws errors of the file system. */
export function fewEntries(path: string, most: number): FewEntries | undefined {
  const files: string[] = [];
  const directories = [path];
  let others = 0;
  for (const directory of directories) {
    const opened = opendirSync(directory);
    try {
      for (let entry = opened.readSync(); entry !== null; entry = opened.readSync()) {
        if (files.length + directories.length + others > most) return undefined;
        if (entry.isDirectory()) directories.push(`${directory}/${entry.name}`);
        else if (entry.isFile()) files.push(`${directory}/${entry.name}`);
        else others += 1;
      }
    } finally {
      opened.closeSync();
    }
  }
  return { files, directories, others };
}
