import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { DoctorFacts } from '../../../src/ports/machine-facts.ts';
import { expectFindings, outcomeOf } from './expect-findings.ts';
import { configuredBy, healthy, machine, proxy, withContainerd, withSettings } from './healthy.ts';

const test = suite('doctor: plugin');

const plugins = { proxy_plugins: { snapledger: proxy() } };
const silent = { sockets: { '/run/snapledger/snapledger.sock': 'silent' } } as const;
const transfer = (table: object) => ({ 'io.containerd.transfer.v1.local': table });
const unpack_config = [{ platform: 'linux', snapshotter: 'snapledger' }];
const old = { version: 2, proxy_plugins: { snapledger: proxy({ capabilities: [] }) } };
const criOld = { 'io.containerd.grpc.v1.cri': { containerd: { snapshotter: 'snapledger' } } };
const criNew = (more: object = {}) => ({ 'io.containerd.cri.v1.images': { snapshotter: 'snapledger', ...more } });

const ofRuntime = (snapshotter: string) => ({
  'io.containerd.cri.v1.runtime': { containerd: { runtimes: { kata: { snapshotter }, runc: { snapshotter: '' } } } },
});

const staging = { ...healthy.settings, stageLayers: true };

expectFindings(test, [
  [
    'unpack: staged layers with an older containerd',
    machine({ settings: staging }),
    'unpack',
    'error',
    "containerd v2.3.4 can't unpack staged layers",
  ],
  [
    'unpack: staged layers on ext4',
    configuredBy({ version: 3, ...plugins }, '2.4.1', { settings: staging }),
    'unpack',
    'warning',
    'overlay.stage_layers has no effect',
  ],
  [
    'plugin: rebase with userxattr',
    withSettings({ userxattr: true }),
    'plugin',
    'error',
    'snapledger has the capability rebase with userxattr',
  ],
  [
    'plugin: rebase with btrfs',
    withSettings({ driver: 'btrfs' }),
    'plugin',
    'warning',
    'snapledger has the capability rebase with the driver btrfs',
  ],
  [
    'plugin: none',
    configuredBy({ version: 3 }),
    'plugin',
    'warning',
    "containerd's configuration has no proxy plugin for /run/snapledger/snapledger.sock",
  ],
  [
    'plugin: the name of a builtin',
    configuredBy({ version: 3, proxy_plugins: { overlayfs: proxy() } }),
    'plugin',
    'error',
    'proxy_plugins.overlayfs has the name of a snapshotter that is built into containerd',
  ],
  [
    'plugin: another type',
    configuredBy({ version: 3, proxy_plugins: { snapledger: proxy({ type: 'content' }) } }),
    'plugin',
    'error',
    'proxy_plugins.snapledger has the type "content"',
  ],
  [
    'plugin: disabled',
    configuredBy({ version: 3, disabled_plugins: ['io.containerd.snapshotter.v1.snapledger'], ...plugins }),
    'plugin',
    'error',
    'disabled_plugins disables snapledger',
  ],
  [
    'plugin: a root that was taken over, with overlayfs enabled',
    withSettings({ root: '/var/lib/containerd/io.containerd.snapshotter.v1.overlayfs' }),
    'plugin',
    'warning',
    "the root of containerd's overlayfs was taken over, and overlayfs is not disabled",
  ],
  [
    'kubernetes: the snapshotter is disabled',
    configuredBy({ version: 3, disabled_plugins: ['io.containerd.snapshotter.v1.overlayfs'], ...plugins }),
    'kubernetes',
    'error',
    "CRI's snapshotter is overlayfs, which disabled_plugins disables",
  ],
  [
    'unpack: a snapshotter that is disabled',
    configuredBy({ version: 3, disabled_plugins: ['io.containerd.snapshotter.v1.overlayfs'], ...plugins }),
    'unpack',
    'error',
    'the transfer service unpacks for overlayfs, which disabled_plugins disables',
  ],
  [
    'plugin: two for one socket',
    configuredBy({ version: 3, proxy_plugins: { snapledger: proxy(), other: proxy() } }),
    'plugin',
    'error',
    'snapledger and other lead to the same socket',
  ],
  [
    'plugin: no process listens',
    machine({ ...silent, daemon: undefined }),
    'plugin',
    'error',
    'no process listens on /run/snapledger/snapledger.sock',
  ],
  [
    'plugin: a stale address',
    configuredBy({ version: 3, proxy_plugins: { snapledger: proxy({ address: '/run/old.sock' }) } }),
    'plugin',
    'error',
    'proxy_plugins.snapledger leads to /run/old.sock',
  ],
  [
    'plugin: a stale root',
    configuredBy({ version: 3, proxy_plugins: { snapledger: proxy({ exports: { root: '/mnt/old' } }) } }),
    'plugin',
    'error',
    'exports.root of snapledger is /mnt/old',
  ],
  [
    'plugin: remap-ids without the setting',
    configuredBy({ version: 3, proxy_plugins: { snapledger: proxy({ capabilities: ['remap-ids'] }) } }),
    'plugin',
    'error',
    'snapledger has the capability remap-ids without overlay.remap_ids',
  ],
  [
    'plugin: the setting without remap-ids',
    withSettings({ remapIds: true }),
    'plugin',
    'error',
    'snapledger lacks the capability remap-ids with overlay.remap_ids',
  ],
  [
    'plugin: rebase with an old containerd',
    configuredBy({ version: 2, ...plugins }, '2.1.4'),
    'plugin',
    'warning',
    'snapledger has the capability rebase, which containerd 2.1.4 does not know',
  ],
  [
    'plugin: rebase in a user namespace',
    withContainerd({ process: { ...(healthy.self as object), initialUsers: false } as DoctorFacts['self'] }),
    'plugin',
    'error',
    'snapledger has the capability rebase in a user namespace',
  ],
  [
    'kubernetes: a snapshotter that is not defined',
    configuredBy({ version: 3, plugins: criNew() }),
    'kubernetes',
    'error',
    "CRI's snapshotter is snapledger, which no proxy plugin defines",
  ],
  [
    'kubernetes: a runtime with a snapshotter of its own',
    configuredBy({ version: 3, ...plugins, plugins: { ...criNew(), ...ofRuntime('overlayfs') } }),
    'kubernetes',
    'warning',
    "CRI's runtime kata has the snapshotter overlayfs: its pods do not use snapledger",
  ],
  [
    'kubernetes: a runtime with a snapshotter of its own, for pulls',
    configuredBy({
      ...{ version: 3, ...plugins },
      plugins: criNew({ runtime_platforms: { kata: { snapshotter: 'nydus' } } }),
    }),
    'kubernetes',
    'error',
    "CRI's runtime kata has the snapshotter nydus, which is not defined: its pods do not start",
  ],
  [
    'kubernetes: a runtime with a snapshotter that is disabled, in the table of 1.x',
    configuredBy(
      {
        ...{
          version: 2,
          disabled_plugins: ['io.containerd.snapshotter.v1.overlayfs'],
          proxy_plugins: old.proxy_plugins,
        },
        plugins: {
          'io.containerd.grpc.v1.cri': {
            containerd: { snapshotter: 'snapledger', runtimes: { runc: { snapshotter: 'overlayfs' } } },
          },
        },
      },
      '1.7.20',
    ),
    'kubernetes',
    'error',
    "CRI's runtime runc has the snapshotter overlayfs, which is disabled: its pods do not start",
  ],
  [
    'kubernetes: no exports.root',
    configuredBy({
      version: 3,
      proxy_plugins: { snapledger: proxy({ exports: {} }) },
      plugins: { ...criNew(), ...transfer({ unpack_config }) },
    }),
    'kubernetes',
    'error',
    'snapledger has no exports.root: kubelet neither',
  ],
  [
    'kubernetes: no link for 1.x',
    configuredBy({ ...old, plugins: criOld }, '1.7.15'),
    'kubernetes',
    'error',
    '/var/lib/containerd/io.containerd.snapshotter.v1.snapledger does not lead to /var/lib/snapledger',
  ],
  [
    'unpack: no unpack_config',
    configuredBy({ version: 3, ...plugins }),
    'unpack',
    'warning',
    'the transfer service has no unpack_config for snapledger: `ctr images pull` fails without --local',
  ],
  [
    'unpack: no unpack_config, with CRI',
    configuredBy({ version: 3, ...plugins, plugins: criNew() }),
    'unpack',
    'error',
    "the transfer service has no unpack_config for snapledger: CRI's pulls fail",
  ],
  [
    'unpack: parallel without rebase',
    configuredBy({
      version: 3,
      proxy_plugins: { snapledger: proxy({ capabilities: [] }) },
      plugins: transfer({ unpack_config, max_concurrent_unpacks: 4 }),
    }),
    'unpack',
    'warning',
    'max_concurrent_unpacks is 4, but snapledger lacks the capability rebase',
  ],
]);

test('kubernetes: snapledger as the snapshotter of a runtime, and none, are no finding', () => {
  const facts = configuredBy({
    ...{ version: 3, ...plugins },
    plugins: { ...criNew(), ...ofRuntime('snapledger'), ...transfer({ unpack_config }) },
  });
  assert.is(outcomeOf(facts, 'kubernetes')?.status, 'ok');
});

test('kubernetes: containerd 1.6, which knows no snapshotter of a runtime, has no finding about one', () => {
  const runtimes = { runc: { snapshotter: 'overlayfs' } };
  const containerd = { snapshotter: 'snapledger', runtimes };
  const facts = configuredBy({ ...old, plugins: { 'io.containerd.grpc.v1.cri': { containerd } } }, '1.6.20');
  assert.not.match(JSON.stringify(outcomeOf(facts, 'kubernetes')), /runtime/);
});

test.run();
