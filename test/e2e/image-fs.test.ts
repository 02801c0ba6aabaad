import { existsSync, readFileSync, readlinkSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client, credentials, Metadata } from '@grpc/grpc-js';
import { fromJSON, type ServiceDefinition } from '@grpc/proto-loader';
import * as assert from 'uvu/assert';
import { snapledgerRun } from '../cli/process.ts';
import { createServing } from '../fault/serving.ts';
import {
  containerdVersion,
  isContainerd,
  pathForContainerd,
  requireTools,
  tools,
} from '../support/containerd/tools.ts';
import { startDaemon } from '../support/daemon.ts';
import { createLoop } from '../support/loop.ts';
import { requireFileSystem, suiteNeeding, testUnless } from '../support/requirements.ts';
import { run } from '../support/run.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';
import { waitFor } from '../support/wait-for.ts';

interface Context {
  sandbox: Sandbox;
  /** on a separate file system, so that its figures are distinct */
  root: string;
  containerdRoot: string;
}

const needs = [requireFileSystem('overlay'), requireFileSystem('ext4'), requireTools('containerd')];
const test = suiteNeeding<Context>('CRI image file system', ...needs);

test.before.each((context) => {
  context.sandbox = createSandbox('image-fs');
  const loop = createLoop('ext4', { megabytes: 96 });
  context.sandbox.atEnd(loop.end);
  context.root = join(loop.path, 'root');
  context.containerdRoot = join(context.sandbox.path, 'containerd');
});
test.after.each(({ sandbox }) => sandbox.close());

/** Serves the root, and starts containerd with CRI by the drop-in that `containerd-config --cri` writes. */
async function start({ sandbox, root, containerdRoot }: Context, settings: string) {
  await createServing(sandbox, { driver: 'overlay', root, settings }).start();
  const address = join(sandbox.path, 'containerd.sock');
  const config = join(sandbox.path, 'containerd.toml');
  writeFileSync(
    config,
    `version = 2
root = "${containerdRoot}"
state = "${sandbox.folder('state')}"
[grpc]
  address = "${address}"
[ttrpc]
  address = "${address}.ttrpc"
[plugins."io.containerd.grpc.v1.cri".cni]
  conf_dir = "${sandbox.folder('cni')}"
`,
  );
  const dropIn = join(sandbox.path, 'conf.d/snapledger.toml');
  const settingsFile = join(sandbox.path, 'settings.toml');
  const target = ['--containerd', containerdVersion(), '--main', config, '--output', dropIn];
  const written = await snapledgerRun('containerd-config', '--cri', '--config', settingsFile, ...target);
  assert.is(written.status, 0, written.stderr);
  const command = [tools.containerd, '--config', config] as const;
  const env = { PATH: pathForContainerd(sandbox) };
  await startDaemon({ command, address, log: join(sandbox.path, 'containerd.log'), env, sandbox });
  return { address, printed: readFileSync(dropIn, 'utf8') };
}

const call = { requestType: 'Request', responseType: 'Response', comment: '' };

/** The part of CRI that kubelet uses for the image file system. */
const service = fromJSON({
  nested: {
    'runtime.v1': {
      nested: {
        ImageService: { methods: { ImageFsInfo: call } },
        Request: { fields: {} },
        Response: { fields: { imageFilesystems: { rule: 'repeated', type: 'Usage', id: 1 } } },
        Usage: { fields: { fsId: { type: 'Identifier', id: 2 } } },
        Identifier: { fields: { mountpoint: { type: 'string', id: 1 } } },
      },
    },
  },
})['runtime.v1.ImageService'] as ServiceDefinition;

interface ImageFsInfo {
  readonly imageFilesystems: readonly { readonly fsId: { readonly mountpoint: string } }[];
}

function imageFsInfo(client: Client): Promise<ImageFsInfo> {
  const method = service.ImageFsInfo;
  return new Promise((resolve, reject) => {
    if (method === undefined) return reject(new Error('no such method'));
    const { path, requestSerialize, responseDeserialize } = method;
    client.makeUnaryRequest(path, requestSerialize, responseDeserialize, {}, new Metadata(), (error, answer) =>
      error === null ? resolve(answer as ImageFsInfo) : reject(error),
    );
  });
}

/** The path that CRI names for the image file system, when CRI is up. */
async function mountpointAt(address: string, sandbox: Sandbox): Promise<string> {
  const client = new Client(`unix:${address}`, credentials.createInsecure());
  sandbox.atEnd(() => client.close());
  const found: string[] = [];
  await waitFor('CRI to answer', async () => {
    const info = await imageFsInfo(client).catch(() => undefined);
    found.push(...(info?.imageFilesystems ?? []).map(({ fsId }) => fsId.mountpoint));
    return info !== undefined;
  });
  const [mountpoint = ''] = found;
  return mountpoint;
}

const missing = requireTools('containerd');
const knowsExports = missing === undefined && isContainerd(1, 7, 16);
const onlyWithLink = missing ?? (knowsExports ? 'since 1.7.16 containerd knows the root by `exports`' : undefined);
const onlyWithExports = missing ?? (knowsExports ? undefined : 'before 1.7.16 containerd does not know `exports`');

const sizeOf = (path: string) => statfsSync(path).blocks * statfsSync(path).bsize;

testUnless(
  test,
  onlyWithLink,
  'is absent without the link, and is that of the root with the one from containerd-config',
  async (context) => {
    const { sandbox, root } = context;
    const { address, printed } = await start(context, '');
    const mountpoint = await mountpointAt(address, sandbox);
    assert.match(mountpoint, /io\.containerd\.snapshotter\.v1\.snapledger$/);
    assert.not(existsSync(mountpoint));
    const [, command = ''] = /^# +(ln .*)$/m.exec(printed) ?? [];
    await run('sh', ['-c', command.replace('/var/lib/containerd', context.containerdRoot)]);
    assert.is(sizeOf(mountpoint), sizeOf(root));
  },
);

testUnless(test, onlyWithLink, 'is that of the root if serve creates the link', async (context) => {
  const { sandbox, root, containerdRoot } = context;
  const { address, printed } = await start(context, `[containerd]\nimage_fs_link = "${containerdRoot}"`);
  const mountpoint = await mountpointAt(address, sandbox);
  assert.is(readlinkSync(mountpoint), root);
  assert.is(sizeOf(mountpoint), sizeOf(root));
  assert.is.not(sizeOf(mountpoint), sizeOf(containerdRoot));
  assert.match(printed, '`serve` creates it');
});

testUnless(test, onlyWithExports, 'is the root, by the exports that containerd-config prints', async (context) => {
  const { address } = await start(context, '');
  assert.is(await mountpointAt(address, context.sandbox), context.root);
});

test.run();
