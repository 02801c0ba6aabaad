import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { StoredSnapshot } from '../../src/ports/containerd-store.ts';
import { contentOf, databasePath, databases, metaOf } from './containerd-root.ts';
import { run } from './run.ts';

export type SourceKind = 'btrfs' | 'native';

/** Where the tree of a committed snapshot or an active is, relative to the root. */
export const sourceTree = (kind: SourceKind, { id, kind: state }: Pick<StoredSnapshot, 'id' | 'kind'>): string =>
  `${kind === 'btrfs' && state === 'active' ? 'active' : 'snapshots'}/${id}`;

/** Those of `makeSource`: three layers and the active. */
export const sourceTrees = (kind: SourceKind): readonly string[] => [
  ...[1, 2, 3].map((id) => sourceTree(kind, { id, kind: 'committed' })),
  sourceTree(kind, { id: 4, kind: 'active' }),
];

/**
 * Makes containerd's root, with the root of its btrfs or native snapshotter in it, which it returns: a chain of three layers, an active and a
 * view. Scripts change the content of each layer and of the active.
 */
export async function makeSource(
  containerdRoot: string,
  kind: SourceKind,
  scripts: readonly string[],
): Promise<string> {
  const root = join(containerdRoot, `io.containerd.snapshotter.v1.${kind}`);
  const database = databasePath(root);
  const folders = kind === 'btrfs' ? ['active', 'view', 'snapshots'] : ['snapshots'];
  for (const folder of [...folders.map((name) => join(root, name)), dirname(database)])
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  const content = contentOf(3);
  await databases.writeMetadata(join(root, 'metadata.db'), content);
  await databases.writeBuckets(database, metaOf(content, kind));
  const steps = scripts.map((script, at) => ({ id: at + 1, file: join(containerdRoot, `script-${at + 1}`), script }));
  for (const { file, script } of steps) writeFileSync(file, `${script}\ntrue\n`);
  for (const { id, file } of steps) await run('bash', ['-ec', making[kind](id), file, root], { encoding: 'latin1' });
  if (kind === 'btrfs')
    await run('btrfs', ['subvolume', 'snapshot', '-r', join(root, 'snapshots/3'), join(root, 'view/5')]);
  return root;
}

const making: Readonly<Record<SourceKind, (id: number) => string>> = {
  btrfs: (
    id,
  ) => `cd "$1"; ${id === 1 ? 'btrfs subvolume create active/1' : `btrfs subvolume snapshot snapshots/${id - 1} active/${id}`} >&2
    (cd active/${id}; sleep 0.05; bash "$0" 2> "$0.errors"); sleep 0.05
    ${id === 4 ? '' : `btrfs subvolume snapshot -r active/${id} snapshots/${id} >&2; btrfs subvolume delete active/${id} >&2`}`,
  native: (id) => `cd "$1"; ${id === 1 ? 'mkdir snapshots/1' : `cp --archive snapshots/${id - 1} snapshots/${id}`}
    cd snapshots/${id}; bash "$0" 2> "$0.errors"`,
};
