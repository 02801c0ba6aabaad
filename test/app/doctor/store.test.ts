import { suite } from 'uvu';
import { expectFindings } from './expect-findings.ts';
import { healthy, machine, withDaemon, withRoot, withSettings, withUnit } from './healthy.ts';

const test = suite('doctor: store');

const full = { bytes: 1000, totalBytes: 100 * 2 ** 30, inodes: 900, totalInodes: 1000 };

expectFindings(test, [
  [
    'sockets: containerd.events without containerd',
    withSettings({ containerdEvents: '/run/c.sock' }, { sockets: { ...healthy.sockets, '/run/c.sock': 'missing' } }),
    'sockets',
    'warning',
    'containerd.events is set, and no process listens on /run/c.sock',
  ],
  [
    'file system: overlay',
    withRoot({ mount: { point: '/', type: 'overlay', options: [] } }),
    'file system',
    'error',
    "the root is on an overlay (a container's own layer)",
  ],
  [
    'file system: not btrfs',
    withSettings({ driver: 'btrfs' }),
    'file system',
    'error',
    'the driver btrfs needs a root on btrfs, not ext4',
  ],
  [
    'file system: network',
    withRoot({ mount: { point: '/', type: 'nfs4', options: [] } }),
    'file system',
    'warning',
    'the root is on nfs4',
  ],
  [
    'file system: tmpfs',
    withRoot({ mount: { point: '/', type: 'tmpfs', options: [] } }),
    'file system',
    'warning',
    'the root is on tmpfs',
  ],
  [
    'file system: read-only',
    withRoot({ mount: { point: '/', type: 'ext4', options: ['ro'] } }),
    'file system',
    'error',
    '/ is mounted read-only',
  ],
  [
    'file system: no barriers',
    withRoot({ mount: { point: '/', type: 'ext4', options: ['rw', 'nobarrier'] } }),
    'file system',
    'error',
    '/ is mounted with nobarrier',
  ],
  ['file system: no journal', withRoot({ journal: false }), 'file system', 'warning', 'this ext4 has no journal'],
  ['space: full', withRoot({ space: full }), 'space', 'error', 'the file system is full'],
  [
    'space: below min_free',
    withRoot({ space: { ...full, bytes: 10 * 2 ** 30 } }),
    'space',
    'warning',
    'less is free than retention.min_free',
  ],
  [
    'space: hidden from kubelet',
    withSettings({ retention: { minFree: { fraction: 0.05 }, maxBytes: 2 ** 30 } }),
    'space',
    'warning',
    'with this retention.min_free, removed layers are still kept when a kubelet lacks space',
  ],
  ['store: none', machine({ store: undefined }), 'store', 'warning', '/var/lib/snapledger holds no store yet'],
  [
    'store: another driver',
    machine({ store: { driver: 'btrfs' } }),
    'store',
    'error',
    'the store was created with the driver btrfs, and the settings say overlay',
  ],
  [
    'store: damaged',
    machine({ store: { driver: 'overlay', failure: { text: 'the record is damaged', hint: 'repair' } } }),
    'store',
    'error',
    'the record is damaged',
  ],
  [
    'driver: no mount',
    machine({ daemon: undefined, trial: { text: 'no overlay can be mounted', hint: 'dmesg' } }),
    'driver',
    'error',
    'no overlay can be mounted',
  ],
  ['daemon: not running', machine({ daemon: undefined }), 'daemon', 'warning', 'no daemon serves /var/lib/snapledger'],
  [
    'daemon: no answer',
    withDaemon({ ready: undefined, version: undefined }),
    'daemon',
    'error',
    'the daemon (pid 812) holds the root, but its HTTP socket does not answer',
  ],
  [
    'daemon: not ready',
    withDaemon({ ready: { status: 503, text: 'EROFS' } }),
    'daemon',
    'error',
    'the daemon is not ready: EROFS',
  ],
  [
    'daemon: upgraded and not restarted',
    withDaemon({ version: '0.0.9' }),
    'daemon',
    'warning',
    'the daemon is version 0.0.9, this command 0.1.0',
  ],
  [
    'daemon: other settings',
    withDaemon({ address: '/run/a.sock' }),
    'daemon',
    'warning',
    'the daemon listens on /run/a.sock, and the settings say /run/snapledger/snapledger.sock',
  ],
  [
    'sockets: deleted',
    machine({ sockets: { '/run/snapledger/snapledger.sock': 'missing' } }),
    'sockets',
    'error',
    'the daemon runs, but no client can connect to /run/snapledger/snapledger.sock',
  ],
  [
    "sockets: another root's daemon",
    machine({ daemon: undefined }),
    'sockets',
    'warning',
    'another process listens on /run/snapledger/snapledger.sock',
  ],
  [
    "sockets: in another unit's RuntimeDirectory",
    machine({ runtimeDirectories: [{ path: '/run/snapledger', unit: 'x.service' }] }),
    'sockets',
    'error',
    '/run/snapledger/snapledger.sock is in /run/snapledger, which systemd deletes when x.service stops',
  ],
  [
    'sockets: in /tmp',
    withSettings({ address: '/tmp/s.sock' }, { sockets: { '/tmp/s.sock': 'listening' } }),
    'sockets',
    'warning',
    '/tmp/s.sock is in a directory that systemd-tmpfiles cleans',
  ],
  [
    'sockets: PrivateTmp',
    withSettings({ address: '/tmp/s.sock' }, { units: withUnit({ 'Service.PrivateTmp': ['true'] }).units }),
    'sockets',
    'error',
    "snapledger.service has PrivateTmp=: daemon and containerd don't share /tmp/s.sock",
  ],
]);

test.run();
