import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import type { Command } from 'commander';
import { dropIn, parseVersion, type Version } from '../../config/containerd/drop-in.ts';
import { readMain, withImport } from '../../config/containerd/main-file.ts';
import { loadConfig } from '../../config/load-config.ts';
import { Fault, faultOf } from '../../ports/fault.ts';
import type { CliDeps, ContainerdHost } from '../cli-deps.ts';
import { configOption, path } from '../options.ts';
import { type Print, print } from '../output/print.ts';

interface ContainerdConfigOptions {
  readonly address?: string;
  readonly config?: string;
  readonly containerd?: string;
  readonly cri?: boolean;
  readonly main: string;
  readonly output?: string | true;
}

const defaultOutput = '/etc/containerd/conf.d/snapledger.toml';

/** Prints or writes what containerd's configuration needs, as a file that its main file imports. */
export function addContainerdConfig(program: Command, deps: Pick<CliDeps, 'containerdHost'>): void {
  program
    .command('containerd-config')
    .description("print what containerd's configuration needs, or write it as a drop-in file")
    .addOption(configOption())
    .option('--address <socket>', 'unix socket for containerd', path)
    .option('--containerd <version>', "containerd's version; default: that of this machine")
    .option('--cri', 'also make it the default for Kubernetes')
    .option('--main <file>', "containerd's main file", path, '/etc/containerd/config.toml')
    .option('--output [file]', `write to ${defaultOutput} or another file, and import it in the main file`, path)
    .action(async (options: ContainerdConfigOptions) => containerdConfig(options, await deps.containerdHost(), print));
}

async function containerdConfig(options: ContainerdConfigOptions, host: ContainerdHost, print: Print): Promise<void> {
  const { address, config: file, cri = false, main } = options;
  const config = loadConfig({ file, flags: { address } });
  const { version, origin } = wanted(options, host);
  const { userNamespace } = host;
  const text = dropIn(config, { version, origin, cri, userNamespace, main: readMain(main)?.tables });
  if (options.output === undefined) return print(text.trimEnd().split('\n'));
  const output = options.output === true ? defaultOutput : options.output;
  print([writeIfChanged(output, text), importInto(main, `${dirname(output)}/*.toml`, version)]);
}

/** The version that the file is for, and what its comment says about it. */
function wanted({ containerd }: ContainerdConfigOptions, host: ContainerdHost) {
  const text = containerd ?? host.version ?? '';
  const version = parseVersion(text);
  if (containerd !== undefined && version === undefined)
    throw new Fault('misuse', `--containerd: expected a version as "2.3" or "1.7.28", found "${containerd}"`, {
      hint: '`containerd --version` prints it; without the option it is asked for',
    });
  if (version === undefined) return { version, origin: 'of any version: none was found on this machine' };
  return { version, origin: containerd === undefined ? `${text}, found on this machine` : text };
}

/** Adds the import to the main file, or creates one with it. Throws a Fault (`misuse`) with the line to add if it can't. */
function importInto(main: string, pattern: string, version: Version | undefined): string {
  const found = readMain(main);
  if (found === undefined)
    return writeIfChanged(
      main,
      `version = ${(version?.[0] ?? 1) < 2 ? 2 : 3}\nimports = [${JSON.stringify(pattern)}]\n`,
    );
  const text = withImport(found.text, pattern);
  if (text !== undefined) return writeIfChanged(main, text);
  throw new Fault('misuse', `${main}: does not import ${pattern}`, {
    hint: `add ${JSON.stringify(pattern)} to its imports = [...]`,
  });
}

/** Replaces a file at once, with the owner and mode that it has. Throws a Fault that names it. */
function writeIfChanged(file: string, text: string): string {
  try {
    const target = existsSync(file) ? realpathSync(file) : file;
    const found = existsSync(target) ? statSync(target) : undefined;
    if (found !== undefined && readFileSync(target, 'utf8') === text) return `${file}: unchanged`;
    mkdirSync(dirname(target), { recursive: true });
    const unfinished = `${target}.snapledger-new`;
    writeFileSync(unfinished, text, { flush: true });
    chmodSync(unfinished, found === undefined ? 0o644 : found.mode & 0o7777);
    if (found !== undefined) chownSync(unfinished, found.uid, found.gid);
    renameSync(unfinished, target);
    return `${file}: ${found === undefined ? 'created' : 'changed'}`;
  } catch (error) {
    throw faultOf(error, file, 'run it as a user that may write this file');
  }
}
