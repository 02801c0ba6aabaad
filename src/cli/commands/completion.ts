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
    ...bashCases(commands, 1, ' --help --version'),
    '  if [[ $word == -* ]]; then COMPREPLY=($(compgen -W "$options --help" -- "$word"));',
    '  else COMPREPLY=($(compgen -f -- "$word")); fi',
    '}',
    'complete -o filenames -F _snapledger snapledger',
  ];
}

/** The cases for the word at a place of the line, 1 for the command. */
function bashCases(commands: readonly CommandText[], at: number, more = ''): readonly string[] {
  return [
    `  if [ "$COMP_CWORD" -eq ${at} ]; then`,
    `    COMPREPLY=($(compgen -W "${names(commands)}${more}" -- "$word"))`,
    '    return',
    '  fi',
    `  case $\{COMP_WORDS[${at}]} in`,
    ...commands.flatMap(({ name, options, commands: group }) =>
      group.length === 0
        ? [`    ${name}) options="${options.map(({ long }) => long).join(' ')}" ;;`]
        : [`    ${name})`, ...bashCases(group, at + 1).map((line) => `    ${line}`), '    ;;'],
    ),
    '  esac',
  ];
}

function zsh(commands: readonly CommandText[]): readonly string[] {
  return [
    '#compdef snapledger',
    '# zsh completion of snapledger: put it as _snapledger into a directory of $fpath',
    '_snapledger() {',
    '  local -a commands',
    ...zshCases(commands, 2),
    '}',
    '_snapledger "$@"',
  ];
}

/** The cases for the word at a place of the line, 2 for the command. */
function zshCases(commands: readonly CommandText[], at: number): readonly string[] {
  return [
    '  commands=(',
    ...commands.map(({ name, description }) => `    ${quoted(`${name}:${description.replaceAll(':', '\\:')}`)}`),
    '  )',
    `  if (( CURRENT == ${at} )); then _describe 'command' commands; return; fi`,
    `  case $words[${at}] in`,
    ...commands.flatMap(({ name, options, commands: group }) =>
      group.length === 0
        ? [`    ${name}) _arguments ${[...options.map(zshOption), "'*::file:_files'"].join(' ')} ;;`]
        : [`    ${name})`, ...zshCases(group, at + 1).map((line) => `    ${line}`), '    ;;'],
    ),
    '  esac',
  ];
}

const zshOption = ({ long, description, takesValue, repeats }: CommandText['options'][number]) =>
  quoted(
    `${repeats ? '*' : ''}${long}[${description.replace(/[[\]]/g, '').replaceAll(':', '\\:')}]${takesValue ? ':value:_files' : ''}`,
  );

function fish(commands: readonly CommandText[]): readonly string[] {
  return [
    '# fish completion of snapledger: put it into ~/.config/fish/completions/snapledger.fish',
    'function __snapledger_at',
    `  string match -q -- "*snapledger $argv *" (commandline -opc | string join ' ')' '`,
    'end',
    ...fishLines(commands, []),
  ];
}

/** The commands of a group, and their options; no group is the program itself. */
function fishLines(commands: readonly CommandText[], group: readonly string[]): readonly string[] {
  const chosen =
    group.length === 0
      ? '__fish_use_subcommand'
      : `${fishAt(group)}; and test (count (commandline -opc)) -eq ${group.length + 1}`;
  return [
    ...commands.map(
      ({ name, description }) => `complete -c snapledger -n ${quoted(chosen)} -f -a ${name} -d ${quoted(description)}`,
    ),
    ...commands.flatMap(({ name, options, commands: own }) => [
      ...fishLines(own, [...group, name]),
      ...options.map(
        ({ long, description, takesValue }) =>
          `complete -c snapledger -n ${quoted(fishAt([...group, name]))} -l ${long.slice(2)} ${takesValue ? '-r ' : ''}-d ${quoted(description)}`,
      ),
    ]),
  ];
}

const fishAt = (words: readonly string[]) => `__snapledger_at ${words.join(' ')}`;

/** In single quotes, as all three shells accept it. */
const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;
