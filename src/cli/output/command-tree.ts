import type { Command } from 'commander';

interface OptionText {
  /** as `-n, --lines <count>` */
  readonly flags: string;
  readonly long: string;
  readonly description: string;
  readonly takesValue: boolean;
  readonly repeats: boolean;
}

export interface CommandText {
  readonly name: string;
  /** as `<key> [to]` */
  readonly operands: string;
  readonly description: string;
  readonly options: readonly OptionText[];
  /** of a group of commands */
  readonly commands: readonly CommandText[];
}

/** The commands as in `--help`: completions and the man page are made from them. */
export function commandTree(program: Command): readonly CommandText[] {
  return program.commands.map((command) => ({
    commands: commandTree(command),
    name: command.name(),
    operands: command.registeredArguments
      .map((one) => `${one.required ? '<' : '['}${one.name()}${one.variadic ? '...' : ''}${one.required ? '>' : ']'}`)
      .join(' '),
    description: command.description(),
    options: command.options.map((option) => ({
      flags: option.flags,
      long: option.long ?? option.flags,
      description: option.description,
      takesValue: option.required || option.optional,
      repeats: option.parseArg !== undefined && option.description.includes('repeated'),
    })),
  }));
}
