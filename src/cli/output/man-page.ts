import type { CommandText } from './command-tree.ts';

/** The man page in roff, of the same commands and options that `--help` shows. */
export function manPage(description: string, version: string, commands: readonly CommandText[]): readonly string[] {
  return [
    `.TH SNAPLEDGER 8 "" "snapledger ${version}" "System administration"`,
    '.SH NAME',
    `snapledger \\- ${roff(description)}`,
    '.SH SYNOPSIS',
    '.B snapledger',
    'COMMAND [OPTIONS]',
    '.SH COMMANDS',
    ...commands.flatMap(commandLines),
    '.SH EXIT STATUS',
    ...[
      ['0', 'done; for verify: all in order'],
      ['1', 'failed, for instance nothing of that name; for verify: findings'],
      ['2', 'misuse: an unknown command or option, a wrong setting, a directory that holds no store'],
      ['3', 'corrupt: something that must be there is damaged or missing'],
      ['4', 'busy: another daemon holds the root or the socket'],
    ].flatMap(([status, means]) => ['.TP', `.B ${status}`, roff(means ?? '')]),
    '.SH FILES',
    '.TP',
    '.I /etc/snapledger/config.toml',
    'settings',
  ];
}

function commandLines({ name, operands, description, options }: CommandText): readonly string[] {
  return [
    `.SS ${roff(`${name} ${operands}`.trim())}`,
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
