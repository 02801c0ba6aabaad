/** A version in a reason, as `1.6.20` or `2.3.0-rc.1`. */
const version = String.raw`\d+(?:\.\d+)+(?:-[\w.]+)?`;

/**
 * The reasons for which a test may be skipped in CI too: the version of a peer lacks something, or there is no server that
 * nothing installs. Everything else that tests need, test/run installs. VERSION stands for any version.
 */
const allowed = [
  'containerd VERSION has no transfer service',
  'the transfer service of containerd VERSION needs a registry with TLS',
  'containerd VERSION unpacks one layer after the other: 2.2 or later is needed',
  'before 1.7 containerd makes no copy if it sends labels',
  'before 2.0 containerd does not mount with mapped ids',
  'before 1.7.16 containerd does not know `exports`',
  'needs Go VERSION, and this is VERSION',
  'KURRENTDB_URL names none',
  'KURRENTDB_URL names more than one node without TLS',
] as const;

const ends = allowed.map((reason) => {
  const pattern = reason.replace(/[.`]/g, String.raw`\$&`).replaceAll('VERSION', version);
  return new RegExp(`(?:^|: )${pattern}$`);
});

/** Whether a line `<name>: <reason>` has one of these reasons; the name may have colons too. */
export const isAllowedInCi = (line: string): boolean => ends.some((end) => end.test(line));
