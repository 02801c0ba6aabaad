import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { UnitFacts } from '../../ports/machine-facts.ts';

/** Where systemd looks for units; the first one wins. Source: systemd.unit(5). */
export const unitDirectories: readonly string[] = [
  '/etc/systemd/system',
  '/run/systemd/system',
  '/usr/local/lib/systemd/system',
  '/usr/lib/systemd/system',
  '/lib/systemd/system',
];

/** A unit with its drop-ins, read as systemd reads them at its next `daemon-reload`; undefined if there is none. Never throws. */
export function readUnit(name: string, directories = unitDirectories): UnitFacts | undefined {
  const main = directories.map((directory) => join(directory, name)).find(existsSync);
  if (main === undefined) return undefined;
  const texts = [main, ...dropIns(`${name}.d`, directories)].map((file) => ({ file, text: textOf(file) }));
  return {
    name,
    files: texts.map(({ file }) => file),
    unreadable: texts.flatMap(({ file, text }) => (text === undefined ? [file] : [])),
    values: valuesOf(texts.map(({ text = '' }) => text)),
    enabled: isEnabled(name, directories),
  };
}

/** Of drop-ins with one name the first counts; they are read in the order of their names. */
function dropIns(folder: string, directories: readonly string[]): readonly string[] {
  const byName = new Map<string, string>();
  for (const directory of directories)
    for (const file of filesIn(join(directory, folder)))
      if (file.endsWith('.conf') && !byName.has(file)) byName.set(file, join(directory, folder, file));
  return [...byName].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, path]) => path);
}

function valuesOf(texts: readonly string[]): UnitFacts['values'] {
  const values: Record<string, string[]> = {};
  for (const text of texts) {
    let section = '';
    for (const line of text.replace(/\\\n/g, ' ').split('\n')) {
      section = /^\s*\[(.+)\]\s*$/.exec(line)?.[1] ?? section;
      const [, key, value = ''] = /^\s*([A-Za-z]\w*)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
      if (key === undefined) continue;
      const name = `${section}.${key}`;
      // An empty value clears those before.
      values[name] = value === '' ? [] : [...(values[name] ?? []), value];
    }
  }
  return values;
}

const isEnabled = (name: string, directories: readonly string[]) =>
  directories.some((directory) =>
    filesIn(directory).some(
      (folder) => /\.(?:wants|requires|upholds)$/.test(folder) && filesIn(join(directory, folder)).includes(name),
    ),
  );

/** Directories below /run that systemd deletes when a service stops: `RuntimeDirectory=` without its preservation. */
export function runtimeDirectories(
  directories = unitDirectories,
): readonly { readonly path: string; readonly unit: string }[] {
  const names = new Set(directories.flatMap(filesIn).filter((name) => name.endsWith('.service')));
  return [...names].flatMap((name) => {
    const unit = readUnit(name, directories);
    const preserved = unit?.values['Service.RuntimeDirectoryPreserve']?.at(-1) ?? 'no';
    if (unit === undefined || preserved === 'yes') return [];
    const paths = (unit.values['Service.RuntimeDirectory'] ?? []).flatMap((value) => value.split(/\s+/));
    return paths.map((path) => ({ path: `/run/${path.split(':')[0]}`, unit: name }));
  });
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

function filesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
