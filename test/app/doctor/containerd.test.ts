import { suite } from 'uvu';
import { expectFindings } from './expect-findings.ts';
import { configuredBy, configuredByFiles, containerdFile, healthy, machine, proxy, withContainerd } from './healthy.ts';

const test = suite('doctor: containerd');

const plugins = { proxy_plugins: { snapledger: proxy() } };
const transfer = (table: object) => ({ 'io.containerd.transfer.v1.local': table });
const unpack_config = [{ platform: 'linux', snapshotter: 'snapledger' }];
const old = { version: 2, proxy_plugins: { snapledger: proxy({ capabilities: [] }) } };
const criOld = { 'io.containerd.grpc.v1.cri': { containerd: { snapshotter: 'snapledger' } } };
const linked = {
  realPaths: {
    '/var/lib/snapledger': '/var/lib/snapledger',
    '/var/lib/containerd/io.containerd.snapshotter.v1.snapledger': '/var/lib/snapledger',
  },
};

expectFindings(test, [
  [
    'containerd: too old',
    configuredBy({ version: 2, ...plugins }, '1.5.18'),
    'containerd',
    'error',
    'containerd 1.5.18 is too old: snapledger needs 1.6',
  ],
  [
    'containerd: too new',
    configuredBy({ version: 3, ...plugins, plugins: transfer({ unpack_config }) }, '2.9.1'),
    'containerd',
    'warning',
    'containerd 2.9.1 is newer than 2.4, the newest one that snapledger was tested with',
  ],
  [
    'containerd: remap_ids with 1.x',
    machine({ ...configuredBy(old, '1.7.34'), settings: { ...healthy.settings, remapIds: true } }),
    'containerd',
    'error',
    'overlay.remap_ids is set, and this containerd lacks remap-ids',
  ],
  [
    'configuration: not TOML',
    withContainerd({
      files: { ...healthy.containerd.files, failures: [{ text: 'config.toml:6:1: twice', hint: 'keep one' }] },
    }),
    'containerd configuration',
    'error',
    'config.toml:6:1: twice',
  ],
  [
    'configuration: too high a version',
    configuredBy({ version: 3, ...plugins }, '1.7.34'),
    'containerd configuration',
    'error',
    '/etc/containerd/config.toml has version 3, and containerd 1.7.34 reads at most 2',
  ],
  [
    'configuration: a drop-in of a higher version',
    configuredByFiles([
      containerdFile({ version: 2 }),
      containerdFile({ version: 3, ...plugins }, '/etc/containerd/conf.d/a.toml'),
    ]),
    'containerd configuration',
    'error',
    '/etc/containerd/conf.d/a.toml has version 3, more than the 2 of /etc/containerd/config.toml',
  ],
  [
    'configuration: no version',
    configuredBy({ ...plugins, plugins: criOld }, '1.7.34', linked),
    'containerd configuration',
    'error',
    '/etc/containerd/config.toml has no version = 2',
  ],
  [
    "configuration: CRI's snapshotter is lost in 2.x",
    configuredBy({ version: 2, ...plugins, plugins: { ...criOld, ...transfer({ unpack_config }) } }),
    'containerd configuration',
    'warning',
    "/etc/containerd/config.toml sets CRI's snapshotter as for containerd 1.x",
  ],
  [
    'configuration: a drop-in that nothing imports',
    withContainerd({
      files: { ...healthy.containerd.files, ignored: [containerdFile(plugins, '/etc/containerd/conf.d/a.toml')] },
    }),
    'containerd configuration',
    'warning',
    '/etc/containerd/conf.d/a.toml is not read by containerd',
  ],
]);

test.run();
