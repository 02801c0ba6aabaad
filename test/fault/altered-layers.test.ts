import { existsSync, readdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { snapledgerRun } from '../cli/process.ts';
import { type Daemon, startDaemon } from '../support/daemon.ts';
import { insideMount } from '../support/inside-mount.ts';
import { eventsOf } from '../support/inspect-store.ts';
import { createLoop, type Loop, type LoopType } from '../support/loop.ts';
import { requireCommand, requireFileSystem, suiteNeeding } from '../support/requirements.ts';
import { run } from '../support/run.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';
import { serverUnderTest } from '../support/server.ts';
import { connectSnapshots, type SnapshotsClient } from '../support/snapshots-client.ts';
import { waitFor } from '../support/wait-for.ts';

const drivers: readonly (readonly [driver: string, type: LoopType])[] = [
  ['overlay', 'ext4'],
  ['btrfs', 'btrfs'],
];
const test = suiteNeeding<{ sandbox: Sandbox; loop: Loop | undefined }>(
  'layers altered by hand',
  ...(['overlay', 'ext4', 'btrfs'] as const).map(requireFileSystem),
  ...['mkfs.btrfs', 'getfattr'].map(requireCommand),
);
test.before.each((context) => {
  context.sandbox = createSandbox('altered');
});
test.after.each(async ({ sandbox, loop }) => {
  await sandbox.close();
  loop?.end();
});

interface Served {
  readonly daemon: Daemon;
  readonly client: SnapshotsClient;
}

async function serve(
  { path }: Sandbox,
  sandbox: Sandbox,
  driver: string,
  root: string,
  settings: string,
): Promise<Served> {
  const config = join(path, 'settings.toml');
  writeFileSync(config, settings);
  const socket = join(path, 'snapshotter.sock');
  const command = serverUnderTest(driver, ['--config', config]).command(root, socket);
  const daemon = await startDaemon({ command, address: socket, log: join(path, 'log'), sandbox });
  return { daemon, client: connectSnapshots(socket) };
}

async function stop({ client, daemon }: Served): Promise<void> {
  client.close();
  await daemon.stop();
}

async function layer(client: SnapshotsClient, name: string, parent: string, script: string): Promise<void> {
  const [mount] = await client.prepare(`extract-${name}`, { parent });
  if (mount === undefined) throw new Error('no mount');
  await insideMount(mount, script);
  await client.commit(name, `extract-${name}`);
}

const files = (folder: string) => `mkdir ${folder}; for n in $(seq 50); do echo $n > ${folder}/$n; done;
  ln -s target ${folder}/link; ln ${folder}/1 ${folder}/again; mkfifo ${folder}/fifo; setfattr -n user.x -v 1 ${folder}/2
  echo odd > "${folder}/$(printf 'caf\\351')"; sleep 0.1; echo later > later`;

const manifests = (root: string) =>
  existsSync(join(root, 'manifests')) ? readdirSync(join(root, 'manifests')).sort() : [];

interface Step {
  readonly step: string;
  readonly figures: Record<string, number>;
  readonly findings: readonly { readonly what: string; readonly entries?: readonly { path: string; how: string }[] }[];
  readonly notes: readonly string[];
}

async function deep(root: string): Promise<{ readonly status: number; readonly layers: Step }> {
  const { status, stdout } = await snapledgerRun('verify', '--deep', '--json', '--root', root);
  const { steps }: { steps: readonly Step[] } = JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
  const layers = steps.find(({ step }) => step === 'layers');
  if (layers === undefined) throw new Error(stdout);
  return { status: status ?? -1, layers };
}

/** Changes a committed layer behind the daemon's back. */
async function alter(root: string, id: number, script: string): Promise<void> {
  const frozen = join(root, 'snapshots', String(id), 'layer');
  const btrfs = existsSync(frozen);
  const readOnly = (value: string) => run('btrfs', ['property', 'set', '-f', '-t', 'subvol', frozen, 'ro', value]);
  if (btrfs) await readOnly('false');
  await run('sh', ['-ec', `cd "$0"; ${script}`, btrfs ? frozen : join(root, 'snapshots', String(id), 'fs')]);
  if (btrfs) await readOnly('true');
}

const measured = async (root: string, count: number) =>
  (await eventsOf(root)).filter((type) => type === 'UsageMeasured').length >= count;

for (const [driver, type] of drivers)
  test(`\`verify --deep\` names each entry that differs from the committed one, with ${driver}`, async (context) => {
    const { sandbox } = context;
    context.loop = createLoop(type, { megabytes: 256 });
    const root = join(context.loop.path, 'root');
    const served = await serve(sandbox, sandbox, driver, root, 'manifests = true\n[retention]\nmin_free = "0%"\n');
    await layer(served.client, 'first', '', files('a'));
    await layer(served.client, 'second', 'first', `${files('b')}; rm a/50; echo changed > a/49`);
    await layer(served.client, 'removed', 'second', files('c'));
    await served.client.remove('removed');
    await waitFor('the manifests', () => manifests(root).join() === '1.gz,2.gz,3.gz');
    await waitFor('the measurements', () => measured(root, 3));
    const before = await deep(root);
    assert.equal(before.layers.findings, []);
    assert.equal(before.layers.figures, { layers: 3, measured: 3, manifests: 3 });
    assert.equal([before.status, before.layers.notes], [0, []]);

    const touch = 'touch -r b/1 stamp; printf X | dd of=b/1 conv=notrunc status=none; touch -r stamp b/1; rm stamp';
    await alter(
      root,
      2,
      `touch -r . ../top; ${touch}; chmod 600 b/3; setfattr -n user.x -v 2 b/2; touch -d @1 b/4; touch -r ../top .; rm ../top`,
    );
    await alter(root, 3, 'rm c/7; echo added > c/added; ln -sfn tarnet c/link');
    const expected = [
      [
        'snapshot 2',
        'b/1: content changed',
        'b/2: extended attributes changed',
        'b/3: mode changed',
        'b/4: mtime changed',
        'b/again: content changed',
      ],
      ['snapshot 3', 'c/7: is missing', 'c/added: was added', 'c/link: target changed'],
    ];
    const expectFound = async () => {
      const { status, layers } = await deep(root);
      assert.is(status, 1);
      const found = layers.findings.map(({ what, entries = [] }) => [
        what.slice(0, 'snapshot 2'.length),
        // The times of links and directories change with what is in them.
        ...entries
          .map(({ path, how }) => `${path}: ${how.replace('mtime, target', 'target')}`)
          .filter((line) => !/^(b|c|\.): /.test(line)),
      ]);
      assert.equal(found, expected);
    };
    await expectFound();
    assert.is((await snapledgerRun('verify', '--root', root)).status, 0);
    const { stdout } = await snapledgerRun('verify', '--deep', '--root', root);
    assert.match(
      stdout,
      /\n {2}snapshot 2 \(second\): \d entries differ from its manifest: b\/1 \(content changed\), /,
    );
    await stop(served);
    await expectFound();
    truncateSync(join(root, 'manifests/1.gz'), 100);
    const [damaged] = (await deep(root)).layers.findings;
    assert.match(damaged?.what ?? '', /^snapshot 1 \(first\): .*manifests\/1\.gz: unexpected end of file$/);

    const again = await serve(sandbox, sandbox, driver, root, 'manifests = true\n[retention]\nenabled = false\n');
    await waitFor('the purge of what was retained', () => manifests(root).join() === '1.gz,2.gz');
    await again.client.remove('second');
    await waitFor('the purge', () => manifests(root).join() === '1.gz');
    await stop(again);
    await stop(await serve(sandbox, sandbox, driver, root, ''));
    assert.equal(manifests(root), []);
  });

for (const [driver, type] of drivers)
  test(`\`verify --deep\` finds an emptied layer without a manifest too, with ${driver}`, async (context) => {
    const { sandbox } = context;
    context.loop = createLoop(type, { megabytes: 256 });
    const root = join(context.loop.path, 'root');
    const served = await serve(sandbox, sandbox, driver, root, '');
    await layer(served.client, 'first', '', files('a'));
    await waitFor('the measurement', () => measured(root, 1));
    const before = await deep(root);
    assert.equal([before.status, before.layers.figures], [0, { layers: 1, measured: 1, manifests: 0 }]);
    assert.match(before.layers.notes[0] ?? '', /1 layers have no manifest/);
    await alter(root, 1, 'find . -mindepth 1 -delete');
    const { status, layers } = await deep(root);
    assert.is(status, 1);
    const { stdout } = await snapledgerRun('verify', '--deep', '--all', '--root', root);
    assert.match(stdout, /^! committed +1 +first +snapshot 1 \(first\): it holds 1 of the/m);
    assert.match(layers.findings[0]?.what ?? '', /snapshot 1 \(first\): it holds 1 of the \d+ inodes measured/);
    await stop(served);
  });

test.run();
