import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, isAbsolute, join, normalize } from 'node:path';
import { parse, TomlError } from 'smol-toml';
import type { ContainerdFile, ContainerdFiles, Failure } from '../../ports/machine-facts.ts';

/**
 * Reads containerd's configuration and what its `imports` name, in containerd's order: patterns with `*`, relative paths, each file
 * once. containerd 1.6 takes a relative pattern from its working directory: `patternsFrom`. `ignored` are the files in `conf.d/` beside the main file that nothing imports. Source: containerd's server/config/config.go.
 */
export function readContainerdFiles(main: string, patternsFrom?: string): ContainerdFiles {
  const files: ContainerdFile[] = [];
  const failures: Failure[] = [];
  const read = (path: string, into: ContainerdFile[]) => {
    try {
      into.push({ path, tables: parse(readFileSync(path, 'utf8')) });
    } catch (error) {
      failures.push(failureOf(path, error as Error));
    }
  };
  const pending = existsSync(main) ? [main] : [];
  const known = new Set(pending);
  for (let path = pending.shift(); path !== undefined; path = pending.shift()) {
    const before = files.length;
    read(path, files);
    for (const imported of importsOf(path, files[before]?.tables.imports, patternsFrom))
      if (!known.has(imported)) {
        known.add(imported);
        pending.push(imported);
      }
  }
  const ignored: ContainerdFile[] = [];
  for (const path of expand(join(dirname(main), 'conf.d/*.toml'))) if (!known.has(path)) read(path, ignored);
  return { main, files, failures, ignored };
}

function importsOf(file: string, imports: unknown, patternsFrom = dirname(file)): readonly string[] {
  const named = Array.isArray(imports) ? imports.filter((one) => typeof one === 'string') : [];
  return named.flatMap((name) => {
    const folder = name.includes('*') ? patternsFrom : dirname(file);
    const path = normalize(isAbsolute(name) ? name : join(folder, name));
    return path.includes('*') ? expand(path) : [path];
  });
}

/** The paths that match a pattern, sorted, as Go's filepath.Glob. */
function expand(pattern: string): readonly string[] {
  const [first = '', ...rest] = pattern.split('/');
  return rest.reduce<readonly string[]>(
    (paths, part) =>
      paths.flatMap((path) =>
        (/[*?]/.test(part) ? matching(path, part) : [`${path}/${part}`]).filter((one) => existsSync(one)),
      ),
    [first],
  );
}

function matching(folder: string, part: string): readonly string[] {
  const source = part
    .replace(/[.+^${}()|\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  try {
    const names = readdirSync(folder === '' ? '/' : folder).filter((name) => new RegExp(`^${source}$`).test(name));
    return names.sort().map((name) => `${folder}/${name}`);
  } catch {
    return [];
  }
}

/** containerd does not start with a file that it can't read. */
function failureOf(path: string, error: Error): Failure {
  if (!(error instanceof TomlError))
    return {
      text: `containerd can't read ${path}: ${error.message}`,
      hint: 'correct imports, or make the file readable',
    };
  const [what = ''] = error.message.replace(/^Invalid TOML document: /, '').split('\n');
  const twice = /redefine|already defined|duplicate/.test(what);
  return {
    text: `${path}:${error.line}:${error.column}: ${what}: containerd does not start with it`,
    hint: twice
      ? 'keep one of the two tables: lines of snapledger containerd-config may have been appended twice'
      : 'correct the line (https://toml.io)',
  };
}
