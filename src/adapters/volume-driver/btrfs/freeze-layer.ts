import { lstatSync, rmdirSync, rmSync } from 'node:fs';
import { Fault } from '../../../ports/fault.ts';
import type { Volume } from '../../../ports/volume-driver.ts';
import { isVacant } from '../shared/directories.ts';
import type { LayerWork } from '../shared/layers/layer-work.ts';
import { mayBeRebased } from '../shared/rebase.ts';
import { expectSubvolume, isSubvolume, names } from './layout.ts';
import type { Tools } from './volume.ts';

/** Copies a directory with everything in it to a vacant path, sharing the data on the disk. */
export type CopyTree = (from: string, to: string) => Promise<void>;

interface FreezeTools extends Tools {
  readonly copyTree: CopyTree;
  readonly layers: LayerWork;
  readonly syncFileSystem: (path: string) => Promise<void>;
}

/** Flushes what the active has written, or its layer if the commit has frozen it. */
export async function flushLayer({ layout, syncFileSystem }: FreezeTools, id: number): Promise<void> {
  if (!isSubvolume(layout.layer(id))) expectSubvolume(layout.fs(id), `volume ${id}: its layer`);
  await syncFileSystem(layout.root);
}

/**
 * Creates `layer`, a read-only snapshot of `fs`: what is written into `fs` afterwards, through files still open or mounts left
 * behind, can't reach it. The layer of an earlier commit that was not recorded is dropped. Anything else at its path is not
 * touched: rejects with a Fault (`misuse`). For a layer to rebase, `layer` is a snapshot of the tree that it makes of its parent's.
 */
export async function freezeLayer(tools: FreezeTools, volume: Volume, parent?: number): Promise<void> {
  const { layout, calls, failpoint } = tools;
  const { id } = volume;
  expectSubvolume(layout.fs(id), `volume ${id}: its layer`);
  await dropLayer(tools, id);
  const isOverlay = parent !== undefined || mayBeRebased(volume);
  const content = isOverlay ? await buildTree(tools, id, parent) : layout.fs(id);
  failpoint('btrfs.freeze.snapshot');
  await calls.snapshot(content, layout.directory(id), names.layer, { readOnly: true });
  const nested = await calls.nested(layout.fs(id));
  if (nested.length > 0) await fillStubs(tools, id, nested);
}

/**
 * Builds what an active shows that was mounted as an overlay: on its new parent's layer, or on nothing. The active stays as it is, and
 * the data is shared.
 */
async function buildTree(tools: FreezeTools, id: number, parent: number | undefined): Promise<string> {
  const { layout, calls, failpoint, layers } = tools;
  const directory = layout.directory(id);
  const [upper, tree] = [`${directory}/${names.upper}`, `${directory}/${names.tree}`];
  if (parent === undefined) {
    failpoint('btrfs.freeze.clean');
    await calls.snapshot(layout.fs(id), directory, names.tree, { readOnly: false });
    await layers.clean(tree);
    return tree;
  }
  expectSubvolume(layout.layer(parent), `volume ${id}: its new parent's layer`);
  if ((await calls.info(layout.fs(id))).isSnapshot)
    throw new Fault('misuse', `${layout.fs(id)}: was committed before, and can't be put on a parent`, {
      hint: 'remove the snapshot and unpack it again',
    });
  failpoint('btrfs.freeze.upper');
  // Brings its data to the disk: a reflink of each file would wait for that.
  await calls.snapshot(layout.fs(id), directory, names.upper, { readOnly: true });
  await calls.snapshot(layout.layer(parent), directory, names.tree, { readOnly: false });
  failpoint('btrfs.freeze.merge');
  await layers.merge(upper, tree);
  return tree;
}

/** After the commit: deletes `fs`, only if the layer exists. */
export async function dropActive(
  { layout, calls, failpoint }: Tools,
  id: number,
  removeActive: (id: number) => Promise<void>,
): Promise<void> {
  if (!isSubvolume(layout.fs(id))) return;
  expectSubvolume(layout.layer(id), `volume ${id}: its frozen layer`);
  failpoint('btrfs.drop-active');
  await dropTrees({ layout, calls }, id);
  rmSync(`${layout.directory(id)}/${names.work}`, { recursive: true, force: true });
  await removeActive(id);
}

/** Drops the layer, and what was on its way into it. Only while `fs` exists: else the layer is all there is. */
export async function dropLayer({ layout, calls }: Tools, id: number): Promise<void> {
  if (!isSubvolume(layout.fs(id))) return;
  await expectOwnLayer({ layout, calls }, id);
  await dropTrees({ layout, calls }, id, names.layer, names.nested);
}

/** Drops what a layer was built from, after those named. */
async function dropTrees({ layout, calls }: Pick<Tools, 'layout' | 'calls'>, id: number, ...first: readonly string[]) {
  for (const name of [...first, names.upper, names.tree])
    if (isSubvolume(`${layout.directory(id)}/${name}`)) await calls.remove(layout.directory(id), name);
}

/** A layer is a snapshot of the `fs` beside it, or of the `tree`. */
async function expectOwnLayer({ layout, calls }: Pick<Tools, 'layout' | 'calls'>, id: number): Promise<void> {
  const layer = layout.layer(id);
  if (isVacant(layer)) return;
  if (isSubvolume(layer)) {
    const frozen = await calls.info(layer);
    for (const source of [layout.fs(id), `${layout.directory(id)}/${names.tree}`].filter(isSubvolume))
      if (frozen.isSnapshot && frozen.parentUuid === (await calls.info(source)).uuid) return;
  }
  throw new Fault('misuse', `${layer}: is not a snapshot of ${names.fs} beside it`, { hint: 'move it out of the way' });
}

/**
 * A snapshot has an empty stub for each subvolume that its source's user has created inside: the content is copied there,
 * from a snapshot of its own. This is the only freeze that reads files, and that needs a flush.
 */
async function fillStubs(tools: FreezeTools, id: number, nested: readonly string[]): Promise<void> {
  const { layout, calls, failpoint, copyTree, syncFileSystem } = tools;
  const directory = layout.directory(id);
  failpoint('btrfs.freeze.nested');
  await calls.setReadOnly(layout.layer(id), false);
  for (const path of nested) {
    const stub = `${layout.layer(id)}/${path}`;
    // A subvolume created after the snapshot is not part of this commit.
    if (lstatSync(stub, { throwIfNoEntry: false }) === undefined) continue;
    await calls.snapshot(`${layout.fs(id)}/${path}`, directory, names.nested, { readOnly: true });
    rmdirSync(stub);
    await copyTree(`${directory}/${names.nested}`, stub);
    await calls.remove(directory, names.nested);
  }
  await syncFileSystem(layout.root);
  failpoint('btrfs.freeze.done');
  await calls.setReadOnly(layout.layer(id), true);
}
