import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as assert from 'uvu/assert';
import { createSystem } from '../../../src/adapters/system/system.ts';
import { cliDeps } from '../../../src/compose/cli-deps.ts';
import { createDriver } from '../../../src/compose/drivers.ts';
import { noFailpoints } from '../../../src/ports/failpoints.ts';
import type { Volume } from '../../../src/ports/volume-driver.ts';
import { type SourceKind, sourceTrees } from '../../support/containerd-source.ts';
import { insideMount } from '../../support/inside-mount.ts';
import { createLoop, type Loop } from '../../support/loop.ts';
import { type Missing, requireCommand, requireFileSystem, requireRoot } from '../../support/requirements.ts';
import { run } from '../../support/run.ts';
import type { Sandbox } from '../../support/sandbox.ts';
import { listing } from '../../support/tree-script.ts';

export const importNeeds: readonly Missing[] = [
  requireRoot(),
  ...(['overlay', 'ext4', 'btrfs'] as const).map(requireFileSystem),
  ...['mkfs.btrfs', 'btrfs', 'getfattr', 'bash'].map(requireCommand),
];

export interface Loops {
  readonly ext4: Loop;
  readonly btrfs: Loop;
  /** Directories, not made yet, of a containerd and of a new store. */
  place(on: 'ext4' | 'btrfs'): { readonly containerd: string; readonly root: string };
  end(): void;
}

export function createLoops(): Loops {
  const loops = { ext4: createLoop('ext4', { megabytes: 512 }), btrfs: createLoop('btrfs', { megabytes: 512 }) };
  let places = 0;
  return {
    ...loops,
    place: (on) => {
      const folder = join(loops[on].path, String(places++));
      mkdirSync(folder);
      return { containerd: join(folder, 'containerd'), root: join(folder, 'root') };
    },
    end: () => {
      loops.ext4.end();
      loops.btrfs.end();
    },
  };
}

/** A root of containerd's and the new one. */
export interface Imported {
  readonly source: string;
  readonly root: string;
  readonly sandbox: Sandbox;
}

export type Way = readonly [kind: SourceKind, driver: 'overlay' | 'btrfs', on: 'ext4' | 'btrfs'];

export interface Options {
  readonly driver?: string;
  readonly snapshotter?: string;
}

/** What the command does. */
export const take = (
  source: string,
  root: string,
  { driver, snapshotter = source.split('.').at(-1) ?? '' }: Options = {},
) =>
  cliDeps.importContainerd(root, { containerdRoot: dirname(source), from: source, driver, snapshotter, dryRun: false });

/** Everything about a tree, as lines. */
export const list = async (directory: string) => {
  const { stdout } = await run('bash', ['-o', 'pipefail', '-ec', `cd "$0"; ${listing}`, directory], {
    encoding: 'latin1',
  });
  return stdout;
};

const volumes: readonly Volume[] = [1, 2, 3].map((top) => {
  const parents = Array.from({ length: top }, (_, at) => top - at);
  return { id: 100 + top, kind: 'view', parents, labels: {} };
});

/** What views of the layers and the mount of the active show. */
async function shown(root: string, driver: 'overlay' | 'btrfs', sandbox: Sandbox): Promise<readonly string[]> {
  const opened = await createDriver({ driver, root, overlay: {} }, { system: createSystem(), failpoint: noFailpoints });
  const [script, out] = [join(sandbox.path, 'listing'), join(sandbox.path, 'shown')];
  writeFileSync(script, listing);
  const all: string[] = [];
  try {
    for (const volume of [...volumes, { id: 4, kind: 'active', parents: [3, 2, 1], labels: {} } as const]) {
      if (volume.kind === 'view') await opened.create(volume);
      const [mount] = await opened.mounts(volume);
      if (mount === undefined) throw new Error('no mount');
      await insideMount(mount, `bash -o pipefail -e ${script} > ${out}`);
      if (volume.kind === 'view') await opened.purge(volume.id);
      all.push(readFileSync(out, 'latin1'));
    }
  } finally {
    await opened.close();
  }
  return all;
}

/** Times of directories: native's copies have others, so that they do not count as a difference. */
export const withoutTimes = (text: string) => text.replace(/^([^\t\n]*\td \S+ \S+) \S+/gm, '$1');

/** Fails unless the new root shows the trees of the source; resolves with the number of lines compared. */
export async function expectSame(
  [kind, driver]: Way,
  { source, root, sandbox }: Imported,
  masked = (text: string) => text,
): Promise<number> {
  const found = await shown(root, driver, sandbox);
  let lines = 0;
  for (const [at, text] of found.entries()) {
    const expected = masked(await list(join(source, sourceTrees(kind)[at] ?? ''))).split('\n');
    lines += expected.length;
    const now = masked(text).split('\n');
    assert.equal(
      [
        ...expected.filter((line) => !now.includes(line)).map((line) => `${at + 1} - ${line}`),
        ...now.filter((line) => !expected.includes(line)).map((line) => `${at + 1} + ${line}`),
      ],
      [],
    );
  }
  return lines;
}
