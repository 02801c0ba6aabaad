import { suites, type TestFile } from './suites.ts';

/** What the command line asks for. */
export interface Arguments {
  /** names of suites; none: all */
  readonly only: readonly string[];
  /** source files, or parts of their paths */
  readonly files: readonly string[];
  /** whether the slowest files are listed at the end */
  readonly times: boolean;
}

/** Reads the command line; throws with a usage line for what it does not know. */
export function parseArguments(args: readonly string[]): Arguments {
  const only: string[] = [];
  const files: string[] = [];
  let times = false;
  const rest = args.flatMap((arg) => (arg.startsWith('--only=') ? ['--only', arg.slice('--only='.length)] : arg));
  for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
    if (arg === '--only') only.push(...(rest.shift() ?? '').split(','));
    else if (arg === '--quick') only.push(...quick);
    else if (arg === '--times') times = true;
    else if (arg.startsWith('-')) throw new TypeError(`unknown option ${arg}; ${usage}`);
    else files.push(arg);
  }
  const unknown = only.filter((name) => !names.includes(name));
  if (unknown.length > 0) throw new TypeError(`no suite is called "${unknown.join(', ')}"; ${usage}`);
  return { only, files, times };
}

const names = suites.map(({ name }) => name);
const quick = suites.filter(({ needsProgram }) => !needsProgram).map(({ name }) => name);
const usage = `usage: npm test -- [--only ${names.join('|')}] [--times] [FILE...]`;

/** The files that the command line asks for; throws if a name fits none. */
export function select(all: readonly TestFile[], { only, files }: Omit<Arguments, 'times'>): readonly TestFile[] {
  const missing = files.filter((name) => !all.some((file) => fits(file, name)));
  if (missing.length > 0) throw new TypeError(`no test file fits "${missing.join('", "')}"`);
  const chosen = all.filter(
    (file) =>
      (files.length === 0 || files.some((name) => fits(file, name))) &&
      (only.length === 0 || only.includes(file.suite.name)),
  );
  if (chosen.length === 0) throw new TypeError(`no test files in ${only.join(', ')}`);
  return chosen;
}

const fits = (file: TestFile, name: string) =>
  file.source.includes(name.replace(/^\.\//, '')) || file.compiled.includes(name);
