import { existsSync, readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { parse, TomlError } from 'smol-toml';
import { errorText, Fault } from '../../ports/fault.ts';
import { readContainerdFiles } from './read-files.ts';

type Table = Readonly<Record<string, unknown>>;

/** A table of TOML; anything else is taken as an empty one. */
export const table = (value: unknown): Table =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Table) : {};

/** containerd's main file; undefined if there is none. Throws a Fault (`misuse`) that names the file if it can't be read. */
export function readMain(file: string): { readonly text: string; readonly tables: Table } | undefined {
  if (!existsSync(file)) return undefined;
  try {
    const text = readFileSync(file, 'utf8');
    return { text, tables: parse(text) };
  } catch (error) {
    const place = error instanceof TomlError ? `:${error.line}:${error.column}` : '';
    const [what = ''] = errorText(error).split('\n');
    throw new Fault('misuse', `${file}${place}: ${what}`, { hint: 'correct it: containerd cannot read it either' });
  }
}

/**
 * The main file's tables, with the plugins that it and its imports set, merged as 1.x (`replaced`: a table is that of the last file
 * that has it) or 2.x does. `own` is left out, as it is about to be written. Undefined if there is no main file. Throws as `readMain`.
 */
export function mergedMain(file: string, own: string, replaced: boolean): Table | undefined {
  const main = readMain(file);
  if (main === undefined) return undefined;
  const plugins: Record<string, unknown> = {};
  for (const { path, tables } of readContainerdFiles(file).files)
    if (path !== own)
      for (const [name, value] of Object.entries(table(tables.plugins)))
        plugins[name] = replaced ? value : { ...table(plugins[name]), ...table(value) };
  return { ...main.tables, plugins };
}

/**
 * The main file's text with an import of a pattern: unchanged if it has it, or with the pattern added to its list. Undefined
 * if the text can't be changed without a change to anything else.
 */
export function withImport(text: string, pattern: string): string | undefined {
  const before = parse(text);
  const imports = Array.isArray(before.imports) ? before.imports : [];
  if (imports.includes(pattern)) return text;
  const quoted = JSON.stringify(pattern);
  const changed = Object.hasOwn(before, 'imports')
    ? text.replace(/^(\s*imports\s*=\s*\[)/m, `$1${quoted}${imports.length > 0 ? ', ' : ''}`)
    : `imports = [${quoted}]\n${text}`;
  return isDeepStrictEqual(tryParse(changed), { ...before, imports: [pattern, ...imports] }) ? changed : undefined;
}

function tryParse(text: string): Table | undefined {
  try {
    return { ...parse(text) };
  } catch {
    return undefined;
  }
}
