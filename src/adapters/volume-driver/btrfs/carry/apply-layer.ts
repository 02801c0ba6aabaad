import { chmodSync, lstatSync, readdirSync, unlinkSync } from 'node:fs';
import { type AttributeTools, attributesOf, copyTimes, dropAttribute } from '../../shared/layers/attributes.ts';
import { bytesOf, rawPath } from '../../shared/paths.ts';
import { removeTree } from '../../shared/trees/remove-tree.ts';
import type { CopyTree } from '../freeze-layer.ts';
import { takeOverlayXattrs } from './overlay-xattrs.ts';

interface ApplyTools extends AttributeTools {
  /** merges one directory into another, whose directories get the attributes of the first one's */
  readonly copyTree: CopyTree;
}

/**
 * Changes a tree to what an overlay layer on top of it shows. No link is followed on the way. The layer loses overlay's attributes.
 */
export async function applyLayer(tools: ApplyTools, layer: string, tree: string): Promise<void> {
  const clearing: Clearing = { opaque: await takeOverlayXattrs(tools, layer), merged: [], whiteouts: [], holding: [] };
  dropSpecialBits(bytesOf(tree), lstatSync(tree).mode);
  makeWay(clearing, bytesOf(layer), bytesOf(tree), true);
  await dropForeign(tools, clearing.merged);
  await tools.copyTree(layer, tree);
  for (const path of clearing.whiteouts) unlinkSync(rawPath(path));
  await copyTimes(tools, clearing.holding);
}

/** Directories of the layer with their paths in the tree. */
type Places = (readonly [layer: string, tree: string])[];

interface Clearing {
  readonly opaque: ReadonlySet<string>;
  /** directories that both have */
  readonly merged: Places;
  /** directory in which the copy creates whiteouts */
  readonly whiteouts: string[];
  /** directories that hold some */
  readonly holding: Places;
}

/** Deletes from the tree's directory what the layer's directory removes or replaces. */
function makeWay(clearing: Clearing, layer: string, tree: string, both: boolean): void {
  if (both) clearing.merged.push([layer, tree]);
  if (both && clearing.opaque.has(layer)) for (const name of namesIn(tree)) removeTree(rawPath(`${tree}/${name}`));
  let holds = false;
  for (const name of namesIn(layer)) {
    const [above, below] = [`${layer}/${name}`, `${tree}/${name}`];
    const stats = lstatSync(rawPath(above));
    const old = both ? lstatSync(rawPath(below), { throwIfNoEntry: false }) : undefined;
    const merges = stats.isDirectory() && old?.isDirectory() === true;
    if (old !== undefined && !merges) removeTree(rawPath(below));
    if (merges) dropSpecialBits(below, old.mode);
    if (stats.isDirectory()) makeWay(clearing, above, below, merges);
    if (!stats.isCharacterDevice() || stats.rdev !== 0) continue;
    clearing.whiteouts.push(below);
    holds = true;
  }
  if (holds) clearing.holding.push([layer, tree]);
}

/** A copy that sets an access control list takes no set-user-ID, set-group-ID or sticky bit away from a directory that is there. */
function dropSpecialBits(directory: string, mode: number): void {
  if ((mode & 0o7000) !== 0) chmodSync(rawPath(directory), mode & 0o777);
}

/** A copy adds attributes to a directory and takes none away: those that the layer's directory lacks go first. */
async function dropForeign(tools: AttributeTools, merged: Readonly<Places>): Promise<void> {
  const any = '^(user|trusted|security)\\.';
  const own = await attributesOf(
    tools,
    merged.map(([layer]) => layer),
    any,
  );
  const old = await attributesOf(
    tools,
    merged.map(([, tree]) => tree),
    any,
  );
  const foreign = new Map<string, string[]>();
  for (const [layer, tree] of merged)
    for (const name of old.get(tree)?.keys() ?? [])
      if (name !== 'security.selinux' && own.get(layer)?.has(name) !== true)
        foreign.set(name, [...(foreign.get(name) ?? []), tree]);
  for (const [name, paths] of foreign) await dropAttribute(tools, name, paths);
}

const namesIn = (directory: string) => readdirSync(rawPath(directory), 'latin1');
