import type { Altered } from '../../../ports/layer-inspector.ts';
import { createDescriber, type Description, properties, removal } from './describe-entries.ts';
import type { LayerOf } from './layer-tree.ts';
import { type Looking, type Manifest, readManifest } from './manifest-file.ts';

/** What of a committed layer is not as its manifest says, by path; undefined where it has none. Reads every file of it. Rejects with a Fault, or the system's errors. */
export async function alteredEntries(
  { root, findTree, run }: Looking,
  layer: LayerOf,
): Promise<readonly Altered[] | undefined> {
  const manifest = readManifest(root, layer.id);
  if (manifest === undefined) return undefined;
  const { top, paths, removed } = findTree(layer);
  const { describe } = await createDescriber(run, top);
  const gone = new Set(removed);
  const now = (path: string) => describe(path) ?? (gone.has(path) ? removal : undefined);
  const all = [...new Set([...manifest.keys(), ...paths, ...removed])].sort();
  return all.flatMap((path) => {
    const how = differenceBetween(manifest, path, now(path));
    return how === undefined ? [] : [{ path: Buffer.from(path === '' ? '.' : path, 'latin1').toString(), how }];
  });
}

function differenceBetween(manifest: Manifest, path: string, now: Description | undefined): string | undefined {
  const before = manifest.get(path);
  const [was, is] = [before?.[0] ?? 'removed', now?.[0] ?? 'removed'];
  if (is === 'removed') return was === 'removed' && before !== undefined ? undefined : 'is missing';
  if (was === 'removed') return 'was added';
  const differing = properties.filter((_, index) => before?.[index] !== now?.[index]);
  return differing.length === 0 ? undefined : `${differing.join(', ')} changed`;
}
