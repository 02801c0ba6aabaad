import { resolve } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';

/** A path of the command line may be relative. An empty one, as of a variable that is not set, names no directory. */
export const path = (text: string): string => (text === '' ? text : resolve(text));

/** Options that several commands have. */
export const configOption = () => new Option('--config <file>', 'settings file (TOML)').argParser(path);
export const rootOption = () => new Option('--root <dir>', 'root of the store').argParser(path);
export const wholeOption = () => new Option('--whole', 'digests in full');
export const atOption = () =>
  new Option('--at <moment>', 'as it was at a position of the log or a time: 4711, 2026-11-24T18:30:00Z, "2h ago"');
export const relativeOption = () => new Option('--relative', 'how long ago instead of when');
export const jsonOption = (what: string) => new Option('--json', what);

/** A command that reads a store, whether its daemon runs or not. */
export const aboutStore = (program: Command, usage: string, description: string) =>
  program.command(usage).description(description).addOption(rootOption()).addOption(configOption());

/** A position, or how many. */
export function count(text: string): number {
  const number = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(number) || number < 1)
    throw new InvalidArgumentError('It must be a whole number of at least 1.');
  return number;
}

/** For an option that can be repeated. */
export const collect = (type: string, earlier: readonly string[] = []) => [...earlier, type];
