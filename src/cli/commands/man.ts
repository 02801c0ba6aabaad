import type { Command } from 'commander';
import { version } from '../../config/version.ts';
import { type CommandText, commandTree } from '../output/command-tree.ts';
import { print } from '../output/print.ts';

export function addMan(program: Command): void {
  program
    .command('man')
    .description('print the man page')
    .action(() => print(manPage(program.description(), version(), commandTree(program))));
}

/** The man page in roff, with the commands and options of `--help`. */
function manPage(description: string, version: string, commands: readonly CommandText[]): readonly string[] {
  return [
    `.TH SNAPLEDGER 8 "" "snapledger ${version}" "System administration"`,
    '.SH NAME',
    `snapledger \\- ${roff(description)}`,
    '.SH SYNOPSIS',
    '.B snapledger',
    'COMMAND [OPTIONS]',
    '.SH COMMANDS',
    ...commands.flatMap((command) => commandLines(command)),
    '.SH EXIT STATUS',
    ...[
      ['0', 'success; for verify and doctor: no findings'],
      ['1', 'failure, for example no such snapshot; for verify: findings; for doctor: errors'],
      ['2', 'misuse: an unknown command or option, an invalid setting, a directory without a store'],
      ['3', 'corrupt: required data is damaged or missing'],
      ['4', 'busy: another daemon holds the root or the socket; for fleet forget: the store is in use'],
      ['5', 'for doctor: warnings, no errors'],
    ].flatMap(([status, means]) => ['.TP', `.B ${status}`, roff(means ?? '')]),
    '.SH FILES',
    '.TP',
    '.I /etc/snapledger/config.toml',
    'settings',
  ];
}

function commandLines({ name, operands, description, options, commands }: CommandText, group = ''): readonly string[] {
  if (commands.length > 0) return commands.flatMap((command) => commandLines(command, `${group}${name} `));
  return [
    `.SS ${roff(`${group}${name} ${operands}`.trim())}`,
    roff(description),
    ...options.flatMap((option) => ['.TP', `.B ${roff(option.flags)}`, roff(option.description)]),
  ];
}

/** A line that begins with a dot or an apostrophe would be a request; a hyphen would become a dash. */
const roff = (text: string) =>
  text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^(?=[.'])/, '\\&');
