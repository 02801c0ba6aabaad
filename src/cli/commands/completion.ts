import type { Command } from 'commander';
import { Fault } from '../../ports/fault.ts';
import { type CommandText, commandTree } from '../output/command-tree.ts';
import { print } from '../output/print.ts';

const shells = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof shells)[number];

export function addCompletion(program: Command): void {
  program
    .command('completion <shell>')
    .description('print the completion script for bash, zsh or fish')
    .action((name: string) => {
      const shell = shells.find((one) => one === name);
      if (shell === undefined)
        throw new Fault('misuse', `completion: unknown shell ${name}`, { hint: `there are ${shells.join(', ')}` });
      print(completionFor(shell, commandTree(program)));
    });
}

/** A completion script: commands, their options, and files as values. */
function completionFor(shell: Shell, commands: readonly CommandText[]): readonly string[] {
  switch (shell) {
    case 'bash':
      return bash(commands);
    case 'zsh':
      return zsh(commands);
    case 'fish':
      return fish(commands);
    default:
      return shell satisfies never;
  }
}

const names = (commands: readonly CommandText[]) => commands.map(({ name }) => name).join(' ');

function bash(commands: readonly CommandText[]): readonly string[] {
  return [
    '# bash completion of snapledger: source it, or put it into /etc/bash_completion.d',
    '_snapledger() {',
    '  local word=$' + '{COMP_WORDS[COMP_CWORD]} options=',
    '  COMPREPLY=()',
    '  if [ "$COMP_CWORD" -eq 1 ]; then',
    `    COMPREPLY=($(compgen -W "${names(commands)} --help --version" -- "$word"))`,
    '    return',
    '  fi',
    '  case $' + '{COMP_WORDS[1]} in',
    ...commands.map(({ name, options }) => `    ${name}) options="${options.map(({ long }) => long).join(' ')}" ;;`),
    '  esac',
    '  if [[ $word == -* ]]; then COMPREPLY=($(compgen -W "$options --help" -- "$word"));',
    '  else COMPREPLY=($(compgen -f -- "$word")); fi',
    '}',
    'complete -o filenames -F _snapledger snapledger',
  ];
}

function zsh(commands: readonly CommandText[]): readonly string[] {
  return [
    '#compdef snapledger',
    '# zsh completion of snapledger: put it as _snapledger into a directory of $fpath',
    '_snapledger() {',
    '  local -a commands',
    '  commands=(',
    ...commands.map(({ name, description }) => `    ${quoted(`${name}:${description.replaceAll(':', '\\:')}`)}`),
    '  )',
    "  if (( CURRENT == 2 )); then _describe 'command' commands; return; fi",
    '  case $words[2] in',
    ...commands.map(({ name, options }) => {
      const specs = options.map(({ long, description, takesValue, repeats }) =>
        quoted(
          `${repeats ? '*' : ''}${long}[${description.replace(/[[\]]/g, '').replaceAll(':', '\\:')}]${takesValue ? ':value:_files' : ''}`,
        ),
      );
      return `    ${name}) _arguments ${[...specs, "'*::file:_files'"].join(' ')} ;;`;
    }),
    '  esac',
    '}',
    '_snapledger "$@"',
  ];
}

function fish(commands: readonly CommandText[]): readonly string[] {
  const within = (name: string) => `-n ${quoted(`__fish_seen_subcommand_from ${name}`)}`;
  return [
    '# fish completion of snapledger: put it into ~/.config/fish/completions/snapledger.fish',
    ...commands.map(
      ({ name, description }) =>
        `complete -c snapledger -n '__fish_use_subcommand' -f -a ${name} -d ${quoted(description)}`,
    ),
    ...commands.flatMap(({ name, options }) =>
      options.map(
        ({ long, description, takesValue }) =>
          `complete -c snapledger ${within(name)} -l ${long.slice(2)} ${takesValue ? '-r ' : ''}-d ${quoted(description)}`,
      ),
    ),
  ];
}

/** In single quotes, as all three shells accept it. */
const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;
