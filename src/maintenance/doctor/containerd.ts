import { existsSync, realpathSync } from 'node:fs';
import { argumentsOf, processesNamed } from '../../adapters/machine/processes.ts';
import { socketState } from '../../adapters/machine/sockets.ts';
import { containerdVersion } from '../../adapters/system/containerd-version.ts';
import { configured } from '../../app/doctor/check-containerd.ts';
import { imageFsPath } from '../../app/doctor/check-plugin.ts';
import type { DoctorOptions } from '../../cli/cli-deps.ts';
import type { Config } from '../../config/config.ts';
import { parseVersion } from '../../config/containerd/drop-in.ts';
import { readContainerdFiles } from '../../config/containerd/read-files.ts';
import { Fault } from '../../ports/fault.ts';
import type { DoctorFacts, Observed, Release, UnitFacts } from '../../ports/machine-facts.ts';
import { factsOf, observe } from './observe.ts';

const defaultConfig = '/etc/containerd/config.toml';

/** Facts about containerd: the running one, otherwise that of its unit, otherwise that of the path. */
export async function containerdFacts(
  config: Config,
  unit: UnitFacts | undefined,
  options: DoctorOptions,
): Promise<Pick<DoctorFacts, 'containerd' | 'sockets' | 'realPaths'>> {
  const command = (unit?.values['Service.ExecStart']?.at(-1) ?? '').replace(/^[-@:+!]+/, '').split(/\s+/);
  const running = processesNamed('containerd').map((pid) => ({ pid, main: configOf(argumentsOf(pid)) }));
  const main = options.main ?? mainOf(command, running);
  const pid = running.find((one) => one.main === main)?.pid;
  const program = pid === undefined ? command[0] || 'containerd' : `/proc/${pid}/exe`;
  const version = await observe(async () => releaseOf(options.containerd ?? (await containerdVersion(program))));
  const containerd = {
    version,
    process: await observe(() => (pid === undefined ? undefined : factsOf(pid, config.root))),
    files: readContainerdFiles(main, isBefore17(version) ? '/' : undefined),
  };
  const { own, root } = configured({ containerd, settings: config });
  const { address, containerdEvents } = config;
  const addresses = [
    address,
    ...(containerdEvents === null ? [] : [containerdEvents]),
    ...own.map((proxy) => proxy.address),
  ];
  const paths = [config.root, ...own.map(({ name }) => imageFsPath(root, name))];
  return {
    containerd,
    sockets: Object.fromEntries(
      await Promise.all(addresses.map(async (path) => [path, await socketState(path)] as const)),
    ),
    realPaths: Object.fromEntries(paths.map((path) => [path, existsSync(path) ? realpathSync(path) : undefined])),
  };
}

/** That of the unit; if that does not exist, as with k3s, that of the first containerd that runs. */
function mainOf(command: readonly string[], [first]: readonly { readonly main: string }[]): string {
  const main = configOf(command);
  return existsSync(main) ? main : (first?.main ?? main);
}

/** The configuration file that a command line of containerd names. */
function configOf(args: readonly string[]): string {
  const at = args.findIndex((word) => word === '--config' || word === '-c');
  const joined = args.find((word) => /^(?:--config|-c)=/.test(word));
  return joined?.replace(/^[^=]*=/, '') ?? (at === -1 ? undefined : args[at + 1]) ?? defaultConfig;
}

/** systemd starts it in `/`, from which it takes relative patterns. */
const isBefore17 = (version: Observed<Release | undefined>) =>
  version !== undefined && 'major' in version && version.major === 1 && version.minor < 7;

async function releaseOf(text: string | undefined): Promise<Release | undefined> {
  if (text === undefined) return undefined;
  const [major, minor, patch = 0] = parseVersion(text) ?? [];
  if (major !== undefined && minor !== undefined) return { text, major, minor, patch };
  throw new Fault('unsupported', `containerd's version is unknown: ${text}`, { hint: 'name one with --containerd' });
}
