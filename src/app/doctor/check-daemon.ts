import type { DoctorFacts } from '../../ports/machine-facts.ts';
import { type Check, error, failureFound, found, isOff, isUnavailable, warning, withFact } from './check.ts';

export const settings: Check = {
  name: 'settings',
  about: 'the settings file',
  run: ({ settingsFile, settingsFailure }) => ({
    inspected: settingsFailure === undefined ? settingsFile : `${settingsFile}; the other checks use the defaults`,
    findings: found(failureFound(settingsFailure)),
  }),
};

export const daemon: Check = {
  name: 'daemon',
  about: 'whether a daemon serves the root, `/readyz`, its version and addresses',
  run: ({ daemon, settings, store, version }) =>
    withFact(daemon, (running) => {
      const created = !isUnavailable(store) && store !== undefined;
      if (running === undefined)
        return {
          inspected: 'not running',
          findings: found(created && warning(`no daemon serves ${settings.root}`, 'systemctl start snapledger')),
        };
      const { process, ready, address } = running;
      return {
        inspected: `pid ${process.pid}, ${running.version ?? 'no answer'}`,
        findings: found(
          ready === undefined &&
            error(
              `the daemon (pid ${process.pid}) holds the root, but its HTTP socket does not answer`,
              'restart it: its socket was deleted, it is starting or it hangs (journalctl -u snapledger)',
            ),
          ready !== undefined &&
            ready.status !== 200 &&
            error(
              `the daemon is not ready: ${ready.text}`,
              'see "Troubleshoot" in OPERATIONS.md; journalctl -u snapledger -n 20',
            ),
          running.version !== undefined &&
            running.version !== version &&
            warning(
              `the daemon is version ${running.version}, this command ${version}`,
              'restart the daemon: containers keep running meanwhile',
            ),
          address !== settings.address &&
            warning(
              `the daemon listens on ${address}, and the settings say ${settings.address}`,
              'restart the daemon, or name its settings with --config',
            ),
        ),
      };
    }),
};

export const sockets: Check = {
  name: 'sockets',
  about:
    "the daemon's socket: whether it is there, and whether something will delete it; containerd's own for `containerd.events`",
  run: (facts) => {
    const { address, containerdEvents } = facts.settings;
    const state = facts.sockets[address];
    if (isUnavailable(state)) return state;
    const running = !isUnavailable(facts.daemon) && facts.daemon !== undefined;
    return {
      inspected: `${address}: ${state ?? 'missing'}`,
      findings: found(
        running &&
          state !== 'listening' &&
          error(
            `the daemon runs, but no client can connect to ${address}: its socket was deleted`,
            'restart the daemon',
          ),
        facts.daemon === undefined &&
          state === 'listening' &&
          warning(
            `another process listens on ${address}, and does not serve this root`,
            'name the root or the settings of that daemon, or stop it',
          ),
        ...deletions(facts),
        containerdEvents !== null &&
          !isUnavailable(facts.sockets[containerdEvents]) &&
          facts.sockets[containerdEvents] !== 'listening' &&
          warning(
            `containerd.events is set, and no process listens on ${containerdEvents}: deletions are not recorded`,
            "start containerd, or set containerd.address to its socket (grpc.address in containerd's configuration)",
          ),
      ),
    };
  },
};

/** What may delete the socket or its directory. */
function deletions({ settings: { address }, runtimeDirectories, units }: DoctorFacts) {
  const owner = runtimeDirectories.find(
    ({ path, unit }) => unit !== 'snapledger.service' && address.startsWith(`${path}/`),
  );
  const temporary = /^\/(?:var\/)?tmp\//.test(address);
  const hidden = [units.snapledger, units.containerd].find(
    (unit) => !isOff(unit?.values['Service.PrivateTmp']?.at(-1) ?? ''),
  );
  const move = "set address to a path below /run/snapledger, then change containerd's configuration";
  return found(
    owner !== undefined &&
      error(`${address} is in ${owner.path}, which systemd deletes when ${owner.unit} stops (RuntimeDirectory=)`, move),
    temporary && warning(`${address} is in a directory that systemd-tmpfiles cleans: the socket may be deleted`, move),
    temporary &&
      hidden !== undefined &&
      error(`${hidden.name} has PrivateTmp=: daemon and containerd don't share ${address}`, move),
  );
}
