import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import { createServing, type Serving } from '../fault/serving.ts';
import type { Daemon } from '../support/daemon.ts';
import { createLoop } from '../support/loop.ts';
import { requireCommand, requireFileSystem, suiteNeeding } from '../support/requirements.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';
import type { SnapshotsClient } from '../support/snapshots-client.ts';
import { operations, runLine } from './shell.ts';

/** The commands of each section of the runbook, in the order of the text: in fences, after a `$` or not, and in the text. */
const sections = new Map(
  [
    ...sectionsOf('Troubleshoot'),
    ...sectionsOf('Back up and move').filter((section) => section.startsWith('Move a store')),
  ].map((section) => [section.split('\n')[0] ?? '', commandsIn(section)] as const),
);

function sectionsOf(chapter: string): readonly string[] {
  const text = operations.split(`\n## ${chapter}\n`)[1]?.split('\n## ')[0] ?? '';
  return text.split('\n### ').slice(1);
}

function commandsIn(section: string): readonly string[] {
  return section.split('```').flatMap((part, at) => {
    const pattern = at % 2 === 1 ? /^(?:\$ )?(snapledger .+)$/gm : /`(snapledger\s[^`]+)`/g;
    return [...part.matchAll(pattern)].map(([, line = '']) => line.replace(/\s+/g, ' '));
  });
}

/** A store with the problem of a section. */
interface Broken {
  readonly root: string;
  /** values for the placeholders of the text */
  readonly words?: Readonly<Record<string, string>>;
  /** exit statuses of commands that find something; 0 for all others */
  readonly statuses?: Readonly<Record<string, number>>;
  /** the output of commands */
  readonly shows: Readonly<Record<string, RegExp>>;
  /** the check after all commands */
  readonly after?: () => Promise<void>;
}

interface Node {
  readonly root: string;
  readonly serving: Serving;
  readonly daemon: Daemon;
  readonly client: SnapshotsClient;
}

/** A node in use: two layers, 1 and 2, and a container on them, 3. */
async function nodeIn(sandbox: Sandbox, root = join(sandbox.path, 'root')): Promise<Node> {
  const retention = 'enabled = true\nmin_free = "1%"';
  const serving = createServing(sandbox, { driver: 'overlay', root, retention });
  const daemon = await serving.start();
  const client = serving.connect();
  for (const [id, parent, name] of [
    [1, '', 'default/2/sha256:aaa'],
    [2, 'default/2/sha256:aaa', 'default/4/sha256:bbb'],
  ] as const) {
    await client.prepare(`default/${id}/extract-${id}`, { parent });
    writeFileSync(join(root, `snapshots/${id}/fs/file`), 'content');
    await client.commit(name, `default/${id}/extract-${id}`);
  }
  await client.prepare('default/5/web', { parent: 'default/4/sha256:bbb' });
  return { root, serving, daemon, client };
}

const segmentOf = (root: string) => {
  const log = join(root, 'log');
  return join(log, readdirSync(log).filter((name) => name.endsWith('.log'))[0] ?? '');
};

/** A directory that the log does not explain, with content worth keeping. */
function addStray(root: string): void {
  mkdirSync(join(root, 'snapshots/stray'));
  writeFileSync(join(root, 'snapshots/stray/file'), 'content');
}

const layer = (root: string, id: number) => join(root, `snapshots/${id}`);

/** The problem of each section; a section with commands and without a problem here fails. */
const situations: Readonly<Record<string, (sandbox: Sandbox) => Promise<Broken>>> = {
  'The daemon does not start': async (sandbox) => ({
    root: sandbox.folder('empty'),
    shows: { 'snapledger init': /./ },
  }),
  'The log is damaged': async (sandbox) => {
    const { root, daemon } = await nodeIn(sandbox);
    await daemon.stop();
    const segment = segmentOf(root);
    writeFileSync(
      segment,
      readFileSync(segment, 'utf8').replace('"name":"default/4/sha256:bbb"', '"name":"default/4/sha256:bbc"'),
    );
    return {
      root,
      statuses: { 'snapledger verify': 3 },
      shows: { 'snapledger verify': /the record is damaged/, 'snapledger repair --dry-run': /nothing was changed$/m },
      after: async () => {
        for (const line of ['snapledger repair', 'snapledger verify']) {
          const { status, stdout, stderr } = await runLine(line, root, {});
          assert.is(status, 0, stdout + stderr);
        }
      },
    };
  },
  'A removed layer is still needed': async (sandbox) => {
    const { root, client } = await nodeIn(sandbox);
    await client.remove('default/5/web');
    await client.remove('default/4/sha256:bbb');
    return {
      root,
      words: { NAME: 'default/4/sha256:bbb' },
      shows: { 'snapledger restore NAME': /restored 2 default\/4\/sha256:bbb/ },
    };
  },
  'The disk is full': async (sandbox) => {
    const loop = createLoop('ext4');
    sandbox.atEnd(loop.end);
    const { root, daemon } = await nodeIn(sandbox, join(loop.path, 'root'));
    await daemon.stop();
    fill(join(loop.path, 'filler'));
    return { root, shows: { 'snapledger archive': /./ } };
  },
  'A snapshot was lost': async (sandbox) => {
    const { root, daemon, serving } = await nodeIn(sandbox);
    await daemon.stop();
    rmSync(layer(root, 2), { recursive: true });
    await (await serving.start()).stop();
    rmSync(layer(root, 1), { recursive: true });
    return {
      root,
      statuses: { 'snapledger verify': 1 },
      shows: {
        'snapledger log --type VolumeLost': /default\/4\/sha256:bbb/,
        'snapledger verify': /content of committed snapshot 1 is not on the disk/,
      },
    };
  },
  'Something is in quarantine': async (sandbox) => {
    const { root, daemon, serving } = await nodeIn(sandbox);
    await daemon.stop();
    addStray(root);
    await (await serving.start()).stop();
    return { root, shows: { 'snapledger log --type OrphanQuarantined': /snapshots\/stray/ } };
  },
  'It was killed, or the power went out': async (sandbox) => {
    const { root, daemon, serving } = await nodeIn(sandbox);
    await daemon.kill();
    addStray(root);
    rmSync(layer(root, 2), { recursive: true });
    await serving.start();
    return {
      root,
      shows: {
        'snapledger log --type StoreOpened -n 1 --json': /"clean":false/,
        'snapledger log --type VolumeLost,OrphanQuarantined':
          /VolumeLost[\s\S]*OrphanQuarantined|OrphanQuarantined[\s\S]*VolumeLost/,
      },
    };
  },
  'The daemon crashes again and again': async (sandbox) => {
    const { root, daemon, serving } = await nodeIn(sandbox);
    await daemon.kill();
    for (let crash = 0; crash < 2; crash++) await (await serving.start()).kill();
    return {
      root,
      shows: {
        'snapledger verify': /verify: all in order/,
        'snapledger log --type StoreOpened -n 5': /(StoreOpened[\s\S]*){3}/,
        'snapledger reconcile --dry-run': /./,
      },
    };
  },
  'There are orphaned snapshots': async (sandbox) => {
    const { root, daemon } = await nodeIn(sandbox);
    await daemon.stop();
    addStray(root);
    return {
      root,
      statuses: { 'snapledger verify --all': 1 },
      shows: {
        'snapledger verify --all': /snapshots\/stray/,
        'snapledger reconcile --dry-run': /quarantine .*snapshots\/stray/,
        'snapledger reconcile': /1 action done/,
        'snapledger ls': /default\/5\/web/,
      },
    };
  },
  "containerd's database was restored from a backup": async (sandbox) => {
    const { root, client } = await nodeIn(sandbox);
    await pause(5);
    const backup = new Date().toISOString();
    await pause(5);
    await client.remove('default/5/web');
    await client.prepare('default/6/later');
    return {
      root,
      words: { 'BACKUP-TIME': backup },
      shows: {
        'snapledger diff BACKUP-TIME': /- .*default\/5\/web[\s\S]*\+ .*default\/6\/later/,
        'snapledger log --type SnapshotRemoved --since BACKUP-TIME': /default\/5\/web/,
      },
    };
  },
  'The log was modified': async (sandbox) => {
    const { root, daemon } = await nodeIn(sandbox);
    await daemon.stop();
    const anchors = join(sandbox.path, 'anchors');
    await runLine(`snapledger anchor > ${anchors}`, root, {});
    const segment = segmentOf(root);
    writeFileSync(segment, readFileSync(segment, 'utf8').replace(/[^\n]*\n$/, ''));
    return {
      root,
      words: { FILE: anchors },
      statuses: { 'snapledger verify --anchor @FILE': 3 },
      shows: { 'snapledger verify --anchor @FILE': /the log was truncated/ },
    };
  },
  'Move a store or change its driver': async (sandbox) => {
    const loop = createLoop('btrfs');
    sandbox.atEnd(loop.end);
    const { root, daemon } = await nodeIn(sandbox);
    await daemon.stop();
    return {
      root,
      words: { '/mnt/btrfs/': `${loop.path}/`, '/var/backups/': `${sandbox.folder('backups')}/` },
      shows: {
        'snapledger verify': /verify: all in order/,
        'snapledger import /var/backups/store.tar --root /mnt/btrfs/snapledger --driver btrfs': /driver +btrfs/,
      },
    };
  },
};

/** Uses up the space of a file system. */
function fill(file: string): void {
  const fd = openSync(file, 'w');
  try {
    for (let size = 1 << 20; size >= 512; size /= 2)
      try {
        for (;;) writeSync(fd, Buffer.alloc(size));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
      }
  } finally {
    closeSync(fd);
  }
}

const test = suiteNeeding(
  'runbook of OPERATIONS.md',
  requireFileSystem('overlay'),
  requireFileSystem('btrfs'),
  requireCommand('getfattr'),
);

for (const [title, commands] of sections)
  if (commands.length > 0)
    test(`${title}: every command runs and shows what it should`, async () => {
      const breaking = situations[title];
      assert.ok(breaking !== undefined, `no situation to run ${commands.join('; ')} in`);
      const sandbox = createSandbox('runbook');
      try {
        const { root, words = {}, statuses = {}, shows, after } = await breaking(sandbox);
        const said = new Set(commands);
        assert.equal(
          [...Object.keys(shows), ...Object.keys(statuses)].filter((command) => !said.has(command)),
          [],
        );
        for (const command of commands) {
          const { status, stdout, stderr } = await runLine(command, root, words);
          assert.is(status, statuses[command] ?? 0, `${command}: ${stdout}${stderr}`);
          assert.match(stdout, shows[command] ?? /./, `${command}: ${stdout}`);
        }
        await after?.();
      } finally {
        await sandbox.close();
      }
    });

test('sections: there is one for every situation here', () => {
  assert.ok(sections.size > 10);
  assert.equal(
    Object.keys(situations).filter((title) => (sections.get(title)?.length ?? 0) === 0),
    [],
  );
});

test.run();
