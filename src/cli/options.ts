import { resolve } from 'node:path';
import { type Command, Option } from 'commander';

/** A path of the command line may be relative. An empty one, as of an unset variable, stays empty and is refused. */
export const path = (text: string): string => (text === '' ? text : resolve(text));

export const configOption = () => new Option('--config <file>', 'settings file (TOML)').argParser(path);
export const rootOption = () => new Option('--root <dir>', 'root of the store').argParser(path);
export const wholeOption = () => new Option('--whole', 'show digests in full');
export const relativeOption = () => new Option('--relative', 'show ages instead of times');
export const jsonOption = (what: string) => new Option('--json', what);

/** A command that reads a store, whether a daemon is running or not. */
export const storeCommand = (program: Command, usage: string, description: string) =>
  program.command(usage).description(description).addOption(rootOption()).addOption(configOption());

/** For an option that can be repeated. */
export const collect = (text: string, earlier: readonly string[] = []) => [...earlier, text];
