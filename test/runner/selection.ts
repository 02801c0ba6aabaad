import type { TestFile } from './discover.ts';

/** What the command line asks for. */
export interface Selection {
  /** names of suites; none is all that don't run on request only */
  readonly only: readonly string[];
  /** source files, or parts of their paths */
  readonly files: readonly string[];
}

/** Reads `--only SUITE[,SUITE]` and file names; throws with a usage line for anything else. */
export function parseArguments(args: readonly string[], known: readonly string[]): Selection {
  const only: string[] = [];
  const files: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] ?? '';
    if (arg === '--only') only.push(...(args[++i] ?? '').split(','));
    else if (arg.startsWith('--only=')) only.push(...arg.slice('--only='.length).split(','));
    else if (arg.startsWith('-')) throw new TypeError(`unknown option ${arg}; ${usage(known)}`);
    else files.push(arg);
  }
  const strange = only.filter((name) => !known.includes(name));
  if (strange.length > 0) throw new TypeError(`no suite is called "${strange.join(', ')}"; ${usage(known)}`);
  return { only, files };
}

const usage = (known: readonly string[]) => `usage: npm test -- [--only ${known.join('|')}] [FILE...]`;

/** The files that the command line asks for; throws where a name fits none. */
export function select(all: readonly TestFile[], { only, files }: Selection): readonly TestFile[] {
  const missing = files.filter((name) => !all.some((file) => fits(file, name)));
  if (missing.length > 0) throw new TypeError(`no test file fits "${missing.join('", "')}"`);
  const chosen = all.filter(
    (file) =>
      (files.length === 0 || files.some((name) => fits(file, name))) &&
      (only.length === 0 ? files.length > 0 || !file.suite.onRequest : only.includes(file.suite.name)),
  );
  if (chosen.length === 0) throw new TypeError(`no test files in ${only.join(', ')}`);
  return chosen;
}

const fits = (file: TestFile, name: string) =>
  file.source.includes(name.replace(/^\.\//, '')) || file.compiled.includes(name);
