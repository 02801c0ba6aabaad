import type { RootFacts } from '../../ports/machine-facts.ts';
import { hiddenFromKubelet, missingSpace } from '../retention/policy.ts';
import { type Check, error, failureFound, found, isUnavailable, warning, withFact } from './check.ts';

const local = ['ext4', 'xfs', 'btrfs'];

export const fileSystem: Check = {
  name: 'file system',
  about: "type and mount options of the root's file system, journal of ext4, quotas",
  run: ({ root, settings }) =>
    withFact(root, ({ mount: { point, type, options }, journal }) => {
      const quotas = options.filter((option) => /quota/.test(option) && option !== 'noquota');
      const unsafe = options.filter((option) => ['nobarrier', 'barrier=0'].includes(option));
      return {
        inspected: [
          `${settings.root}: ${type} at ${point}`,
          ...quotas,
          ...(journal === false ? ['no journal'] : []),
        ].join(', '),
        findings: found(
          ...typeFindings(type, settings.driver),
          options.includes('ro') &&
            error(
              `${point} is mounted read-only`,
              `mount -o remount,rw ${point}; dmesg says why if the kernel made it read-only`,
            ),
          unsafe.length > 0 &&
            error(
              `${point} is mounted with ${unsafe.join(', ')}: what was flushed may be lost in a power cut`,
              'remove the option from /etc/fstab and mount it again',
            ),
          journal === false &&
            warning(
              'this ext4 has no journal: a power cut may damage it, and each commit flushes the whole file system',
              'add one to the unmounted file system (tune2fs -O has_journal DEVICE), then e2fsck -f DEVICE',
            ),
        ),
      };
    }),
};

function typeFindings(type: string, driver: string) {
  const choice = 'put the root on a local volume of ext4, xfs or btrfs';
  return found(
    driver === 'btrfs' &&
      type !== 'btrfs' &&
      error(`the driver btrfs needs a root on btrfs, not ${type}`, 'mount a btrfs file system at the root'),
    driver === 'overlay' &&
      type === 'overlay' &&
      error("the root is on an overlay (a container's own layer), which can't carry another", choice),
    driver === 'overlay' && type === 'tmpfs' && warning('the root is on tmpfs: a reboot deletes it', choice),
    driver === 'overlay' &&
      ![...local, 'overlay', 'tmpfs'].includes(type) &&
      warning(`the root is on ${type}, which snapledger was not tested on`, choice),
  );
}

export const space: Check = {
  name: 'space',
  about: "free space and inodes of the root, compared with `retention.min_free` and a kubelet's defaults",
  run: ({ root, settings: { retention } }) =>
    withFact(root, ({ space }) => {
      const missing = retention === null ? 0 : missingSpace(space, retention.minFree);
      return {
        inspected: spaceText(space),
        findings: found(
          isFull(space) &&
            error('the file system is full: prepares and commits fail', 'remove images and containers, or grow it'),
          !isFull(space) &&
            missing > 0 &&
            warning(
              'less is free than retention.min_free: no removed layer is kept',
              'free space, or lower retention.min_free',
            ),
          retention !== null &&
            hiddenFromKubelet(retention, space) > 0 &&
            warning(
              'with this retention.min_free, removed layers are still kept when a kubelet lacks space',
              'set retention.min_free = "20%" or more; a node without kubelet can ignore this',
            ),
        ),
      };
    }),
};

type Space = RootFacts['space'];

const isFull = ({ bytes, inodes, totalInodes }: Space) => bytes < 1024 * 1024 || (totalInodes > 0 && inodes < 16);

function spaceText({ bytes, totalBytes, inodes, totalInodes }: Space): string {
  const part = (free: number, total: number) => `${Math.floor((100 * free) / Math.max(total, 1))} %`;
  return `${part(bytes, totalBytes)} of the bytes free${totalInodes === 0 ? '' : `, ${part(inodes, totalInodes)} of the inodes`}`;
}

export const store: Check = {
  name: 'store',
  about: 'whether the root holds a store, of the driver that the settings name, whose log can be read',
  run: ({ store, settings: { root, driver } }) =>
    withFact(store, (store) => ({
      inspected:
        store === undefined ? `${root}: no store` : `${root}: a store of the driver ${store.driver ?? 'unknown'}`,
      findings: found(
        store === undefined &&
          warning(`${root} holds no store yet`, 'create it when its disk is mounted: snapledger init'),
        store?.driver !== undefined &&
          store.driver !== driver &&
          error(
            `the store was created with the driver ${store.driver}, and the settings say ${driver}`,
            `set driver = "${store.driver}", or change it with export and import`,
          ),
        failureFound(store?.failure),
      ),
    })),
};

export const driver: Check = {
  name: 'driver',
  about:
    'what a start checks: directories, entry types, mounts with the current options, or a subvolume and its snapshot',
  run: ({ trial, daemon, settings: { driver } }) => {
    if (!isUnavailable(daemon) && daemon !== undefined)
      return { inspected: 'done by the running daemon at its start', findings: [] };
    return withFact(trial, (failure) => ({
      inspected: `the driver ${driver}, as a start tries it`,
      findings: found(failureFound(failure)),
    }));
  },
};
