import type { Command } from 'commander';
import { version } from '../../config/version.ts';
import { Fault } from '../../ports/fault.ts';
import type { ContainerdConfigOptions } from '../commands/containerd-config.ts';
import { print } from '../output/print.ts';
import { configOption, path } from './options.ts';

/** Commands that help to set things up. */
export function addInstalling(program: Command): void {
  addContainerdConfig(program);
  addCompletion(program);
  addMan(program);
}

function addContainerdConfig(program: Command): void {
  program
    .command('containerd-config')
    .description("print what containerd's configuration needs")
    .addOption(configOption())
    .option('--address <socket>', 'unix socket that containerd dials', path)
    .option('--cri', 'also make it the default for Kubernetes')
    .action(async (options: ContainerdConfigOptions) => {
      const { containerdConfig } = await import('../commands/containerd-config.ts');
      await containerdConfig(options, print);
    });
}

function addCompletion(program: Command): void {
  program
    .command('completion <shell>')
    .description('print the completion script for bash, zsh or fish')
    .action(async (shell: string) => {
      const { completionFor, shells } = await import('../output/completion.ts');
      const { commandTree } = await import('../output/command-tree.ts');
      const known = shells.find((one) => one === shell);
      if (known === undefined)
        throw new Fault('misuse', `completion: no shell ${shell} is known`, { hint: `there are ${shells.join(', ')}` });
      print(completionFor(known, commandTree(program)));
    });
}

function addMan(program: Command): void {
  program
    .command('man')
    .description('print the man page')
    .action(async () => {
      const { manPage } = await import('../output/man-page.ts');
      const { commandTree } = await import('../output/command-tree.ts');
      print(manPage(program.description(), version(), commandTree(program)));
    });
}
