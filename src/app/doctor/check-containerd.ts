import type { ContainerdFile, DoctorFacts, Release } from '../../ports/machine-facts.ts';
import { type Check, error, type Finding, found, isUnavailable, type Result, warning, withFact } from './check.ts';
import { losesSnapshotter, mergeSettings } from './containerd-settings.ts';
import { configVersion, isFrom, lacks, newest, oldest } from './containerd-versions.ts';

const unknownRelease: Release = { ...newest, patch: 0, text: 'unknown' };

/** The release that the configuration is for; the newest one that was tested if it is unknown. */
export const releaseIn = ({ containerd: { version } }: Pick<DoctorFacts, 'containerd'>): Release =>
  isUnavailable(version) || version === undefined ? unknownRelease : version;

/** The merged configuration, and the proxy plugins that lead to this daemon or have its name. */
export function configured(facts: {
  readonly containerd: DoctorFacts['containerd'];
  readonly settings: Pick<DoctorFacts['settings'], 'address'>;
}) {
  const { files } = facts.containerd.files;
  const merged = mergeSettings(files, releaseIn(facts).major);
  const { address } = facts.settings;
  const own = merged.proxies.filter((proxy) => proxy.address === address || proxy.name === 'snapledger');
  return { ...merged, own };
}

export const containerdVersion: Check = {
  name: 'containerd',
  about: 'version of the running containerd, otherwise of the installed one: too old, too new, what it lacks',
  run: ({ containerd: { version }, settings }) =>
    withFact(version, (release): Result => {
      if (release === undefined) return { unavailable: 'no containerd runs, and there is no such program' };
      const missing = lacks(release);
      return {
        inspected: `${release.text}${missing.length > 0 ? `, lacks ${missing.join(', ')}` : ''}`,
        findings: found(...versionFindings(release), settings.remapIds && remapFinding(release)),
      };
    }),
};

function versionFindings(release: Release): readonly (Finding | false)[] {
  const tested = `${newest.major}.${newest.minor}`;
  const least = `${oldest.major}.${oldest.minor}`;
  return [
    !isFrom(release, oldest.major, oldest.minor) &&
      error(
        `containerd ${release.text} is too old: snapledger needs ${least}, and has never been tested with an older one`,
        `install containerd ${tested}, or at least ${least}`,
      ),
    isFrom(release, newest.major, newest.minor + 1) &&
      warning(
        `containerd ${release.text} is newer than ${tested}, the newest one that snapledger was tested with; what it changed is not known`,
        `check for a newer snapledger, or use containerd ${tested}`,
      ),
  ];
}

const remapFinding = (release: Release) =>
  !isFrom(release, 2, 0) &&
  error(
    'overlay.remap_ids is set, and this containerd lacks remap-ids: containers with mapped ids fail with EINVAL',
    'set overlay.remap_ids = false, or install containerd 2.0 or later',
  );

export const configuration: Check = {
  name: 'containerd configuration',
  about: "containerd's configuration file and its `imports`: TOML, versions, files that are not read",
  run: (facts) => {
    const { main, files, failures, ignored } = facts.containerd.files;
    const release = releaseIn(facts);
    return {
      inspected:
        files.length + failures.length === 0
          ? `${main}: there is none`
          : [main, ...files.map(({ path }) => path).filter((path) => path !== main)].join(', '),
      findings: found(
        ...failures.map(({ text, hint }) => error(text, hint)),
        ...files.flatMap((file) => fileFindings(file, files[0], release)),
        ...ignored
          .filter(({ tables }) => tables.proxy_plugins !== undefined)
          .map(({ path }) =>
            warning(
              `${path} is not read by containerd: no imports names it`,
              `add imports = ["${folderOf(path)}/*.toml"] at the top of ${main}`,
            ),
          ),
      ),
    };
  },
};

const folderOf = (path: string) => path.replace(/\/[^/]*$/, '');
const versionOf = (file: ContainerdFile | undefined) => Number(file?.tables.version ?? 0);

function fileFindings(file: ContainerdFile, main: ContainerdFile | undefined, release: Release): readonly Finding[] {
  const [own, first, most] = [versionOf(file), versionOf(main), configVersion(release)];
  const plugins = Object.keys((file.tables.plugins ?? {}) as object);
  return found(
    own > most &&
      error(
        `${file.path} has version ${own}, and containerd ${release.text} reads at most ${most}`,
        'migrate the main file (containerd config migrate); a drop-in of snapledger has no version: snapledger containerd-config --output',
      ),
    own <= most &&
      isFrom(release, 2, 3) &&
      first > 0 &&
      own > first &&
      error(
        `${file.path} has version ${own}, more than the ${first} of ${main?.path}: containerd does not start`,
        'remove the version from it, or write it again: snapledger containerd-config --output',
      ),
    release.major < 2 &&
      own < 2 &&
      file === main &&
      plugins.some((name) => name.startsWith('io.containerd.')) &&
      error(
        `${file.path} has no version = 2: containerd ${release.text} ignores its [plugins."io.containerd…"] tables`,
        'put version = 2 at its top',
      ),
    release.major >= 2 &&
      losesSnapshotter(file) &&
      warning(
        `${file.path} sets CRI's snapshotter as for containerd 1.x, which containerd ${release.text} does not take over`,
        'write the drop-in for this version: snapledger containerd-config --cri --output',
      ),
  );
}
