import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { Command } from 'commander';
import { dropIn, isBefore2, parseVersion, type Version } from '../../config/containerd/drop-in.ts';
import { mergedMain, readMain, withImport } from '../../config/containerd/main-file.ts';
import { readContainerdFiles } from '../../config/containerd/read-files.ts';
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
  readonly takeover?: boolean;
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
    .option('--takeover', "also disable containerd's own overlayfs; default: if the root was taken over")
    .option('--main <file>', "containerd's main file", path, '/etc/containerd/config.toml')
    .option('--output [file]', `write to ${defaultOutput} or another file, and import it in the main file`, path)
    .action(async (options: ContainerdConfigOptions) => containerdConfig(options, await deps.containerdHost(), print));
}

async function containerdConfig(options: ContainerdConfigOptions, host: ContainerdHost, print: Print): Promise<void> {
  const { address, config: file, cri = false, main } = options;
  const config = loadConfig({ file, flags: { address } });
  const takeover = options.takeover ?? isTakenOver(config.root);
  const { version, origin } = wanted(options, host);
  const { userNamespace } = host;
  const output = typeof options.output === 'string' ? options.output : defaultOutput;
  const text = () => {
    const tables = mergedMain(main, output, isBefore2({ version }));
    return dropIn(config, { version, origin, cri, takeover, userNamespace, main: tables });
  };
  if (options.output === undefined) return print(text().trimEnd().split('\n'));
  print([writeIfChanged(output, text())]);
  print([importInto(main, output, version)]);
  // The import may have added further files of the folder, whose settings this one has to repeat.
  writeIfChanged(output, text());
}

/** Whether a root was containerd's own: a takeover leaves a directory of this name. */
const isTakenOver = (root: string): boolean =>
  lstatSync(join(root, 'metadata.db'), { throwIfNoEntry: false })?.isDirectory() === true;

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
function importInto(main: string, output: string, version: Version | undefined): string {
  // Any pattern may import it. Before 1.7 a relative one is taken from containerd's working directory.
  const [major = 1, minor = 0] = version ?? [];
  const { files } = readContainerdFiles(main, major === 1 && minor < 7 ? '/' : undefined);
  if (files.some(({ path }) => path === output)) return `${main}: unchanged`;
  const pattern = `${dirname(output)}/*.toml`;
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
    replace(target, text, found);
    return `${file}: ${found === undefined ? 'created' : 'changed'}`;
  } catch (error) {
    throw faultOf(error, file, 'run it as a user that may write this file');
  }
}

function replace(target: string, text: string, found: Stats | undefined): void {
  const unfinished = `${target}.snapledger-new`;
  try {
    // A main file may hold credentials of a registry.
    writeFileSync(unfinished, text, { mode: 0o600, flush: true });
    if (found !== undefined) chownSync(unfinished, found.uid, found.gid);
    chmodSync(unfinished, found === undefined ? 0o644 : found.mode & 0o7777);
    renameSync(unfinished, target);
  } catch (error) {
    rmSync(unfinished, { force: true });
    throw error;
  }
}
