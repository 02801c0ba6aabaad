import { opendirSync } from 'node:fs';

/**
 * Paths of the regular files in a tree, or undefined where it has more than `most` entries: no more of it is read then. Throws
 * errors of the file system.
 */
export function fewFiles(path: string, most: number): readonly string[] | undefined {
  const files: string[] = [];
  const directories = [path];
  let entries = 0;
  for (const directory of directories) {
    const opened = opendirSync(directory);
    try {
      for (let entry = opened.readSync(); entry !== null; entry = opened.readSync()) {
        entries += 1;
        if (entries > most) return undefined;
        if (entry.isDirectory()) directories.push(`${directory}/${entry.name}`);
        else if (entry.isFile()) files.push(`${directory}/${entry.name}`);
      }
    } finally {
      opened.closeSync();
    }
  }
  return files;
}
