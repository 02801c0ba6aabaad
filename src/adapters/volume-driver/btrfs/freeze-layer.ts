import { lstatSync, rmdirSync } from 'node:fs';
import { Fault } from '../../../ports/fault.ts';
import { isVacant } from '../shared/exact-directory.ts';
import type { Tools } from './create-volume.ts';
import { expectSubvolume, isSubvolume } from './is-subvolume.ts';
import { names } from './layout.ts';

/** Copies a directory with everything in it to a place that is free, sharing the data on the disk. */
export type CopyTree = (from: string, to: string) => Promise<void>;

export interface SealTools extends Tools {
  readonly copyTree: CopyTree;
  readonly syncFileSystem: (path: string) => Promise<void>;
}

/**
 * Makes `layer`, a read-only snapshot of `fs`: what is written into `fs` afterwards, through files still open or mounts
 * left behind, can't reach it. A seal of an earlier commit that came to nothing is dropped; anything else in its place is
 * left alone, and a Fault (`misuse`).
 */
export async function sealLayer(tools: SealTools, id: number): Promise<void> {
  const { layout, calls, failpoint } = tools;
  expectSubvolume(layout.fs(id), `volume ${id}: its layer`);
  await dropSeal(tools, id);
  failpoint('btrfs.seal.snapshot');
  await calls.snapshot(layout.fs(id), layout.directory(id), names.layer, { readOnly: true });
  const nested = await calls.nested(layout.fs(id));
  if (nested.length > 0) await fillStubs(tools, id, nested);
}

/** Takes the layer back, and what was on its way into it. Only while `fs` is there: else the layer is all there is. */
export async function dropSeal({ layout, calls }: Tools, id: number): Promise<void> {
  if (!isSubvolume(layout.fs(id))) return;
  await expectOwnSeal({ layout, calls }, id);
  for (const name of [names.layer, names.nested])
    if (isSubvolume(`${layout.directory(id)}/${name}`)) await calls.remove(layout.directory(id), name);
}

/** A seal is a snapshot of the `fs` beside it. */
async function expectOwnSeal({ layout, calls }: Pick<Tools, 'layout' | 'calls'>, id: number): Promise<void> {
  const layer = layout.layer(id);
  if (isVacant(layer)) return;
  if (isSubvolume(layer)) {
    const [sealed, active] = await Promise.all([calls.info(layer), calls.info(layout.fs(id))]);
    if (sealed.isSnapshot && sealed.parentUuid === active.uuid) return;
  }
  throw new Fault('misuse', `${layer}: is not a snapshot of ${names.fs} beside it`, { hint: 'move it out of the way' });
}

/**
 * A snapshot has an empty stub in the place of each subvolume that its source's user has made inside: the content is
 * copied there, out of a snapshot of its own. This is the one seal that reads files, and that needs a flush.
 */
async function fillStubs(tools: SealTools, id: number, nested: readonly string[]): Promise<void> {
  const { layout, calls, failpoint, copyTree, syncFileSystem } = tools;
  const directory = layout.directory(id);
  failpoint('btrfs.seal.nested');
  await calls.setReadOnly(layout.layer(id), false);
  for (const path of nested) {
    const stub = `${layout.layer(id)}/${path}`;
    // What was made after the snapshot is no part of this commit.
    if (lstatSync(stub, { throwIfNoEntry: false }) === undefined) continue;
    await calls.snapshot(`${layout.fs(id)}/${path}`, directory, names.nested, { readOnly: true });
    rmdirSync(stub);
    await copyTree(`${directory}/${names.nested}`, stub);
    await calls.remove(directory, names.nested);
  }
  await syncFileSystem(layout.root);
  failpoint('btrfs.seal.freeze');
  await calls.setReadOnly(layout.layer(id), true);
}
