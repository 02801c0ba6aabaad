import { CallFailure, type SnapshotsClient } from '../support/snapshots-client.ts';

/**
 * What containerd's garbage collection does when no snapshot is referenced: list, remove leaf by leaf, clean up. Rejects
 * when any call fails, as containerd does. Resolves when the list is empty.
 */
export async function collectGarbage(client: SnapshotsClient): Promise<number> {
  const all = await client.list();
  const children = new Map<string, number>();
  for (const { parent } of all) children.set(parent, (children.get(parent) ?? 0) + 1);
  const leaves = all.filter(({ name }) => !children.has(name));
  const byName = new Map(all.map((info) => [info.name, info]));
  for (let leaf = leaves.pop(); leaf !== undefined; leaf = leaves.pop()) {
    await client.remove(leaf.name);
    const left = (children.get(leaf.parent) ?? 1) - 1;
    children.set(leaf.parent, left);
    const parent = byName.get(leaf.parent);
    if (left === 0 && parent !== undefined) leaves.push(parent);
  }
  await client.cleanup().catch(unlessMissing);
  const left = await client.list();
  if (left.length > 0) throw new Error(`garbage collection left ${left.map(({ name }) => name).join(', ')}`);
  return all.length;
}

/** containerd's own btrfs driver has no Cleanup. */
function unlessMissing(error: unknown): void {
  if (!(error instanceof CallFailure) || error.code !== 'UNIMPLEMENTED') throw error;
}
