import { randomUUID } from 'node:crypto';
import { statfsSync } from 'node:fs';
import * as assert from 'uvu/assert';
import type { Node } from './node.ts';

/** A pod in the network of the host, which needs no network plugin. */
export interface Pod {
  readonly id: string;
  readonly config: Readonly<Record<string, unknown>>;
}

export async function runPod({ cri, cgroup }: Node, name: string): Promise<Pod> {
  const config = {
    metadata: { name, uid: randomUUID(), namespace: 'default' },
    linux: { cgroupParent: cgroup, securityContext: { namespaceOptions: { network: 'NODE' } } },
  };
  return { id: (await cri.call('RunPodSandbox', { config })).podSandboxId, config };
}

/** Creates and starts a container of an image in a pod, and returns its id. */
export async function startContainer({ cri }: Node, pod: Pod, image: string): Promise<string> {
  const config = {
    metadata: { name: randomUUID() },
    image: { image },
    linux: { securityContext: { namespaceOptions: { network: 'NODE' } } },
  };
  const request = { podSandboxId: pod.id, config, sandboxConfig: pod.config };
  const { containerId } = await cri.call('CreateContainer', request);
  await cri.call('StartContainer', { containerId });
  return containerId;
}

/** The output of a shell script in a container; fails unless it ends with 0. */
export async function exec({ cri }: Node, containerId: string, script: string): Promise<string> {
  const cmd = ['/bin/sh', '-c', `set -e; ${script}`];
  const { stdout, stderr, exitCode } = await cri.call('ExecSync', { containerId, cmd, timeout: 30 });
  assert.is(exitCode, 0, `${script}: ${stdout}${stderr}`);
  return stdout.toString();
}

export async function stateOf({ cri }: Node, containerId: string): Promise<string> {
  return (await cri.call('ContainerStatus', { containerId })).status.state;
}

/** Bytes of the image file system as kubelet sees it: those that CRI counts, and those of the mount point. */
export async function imageFileSystem({ cri }: Node) {
  const [found] = (await cri.call('ImageFsInfo')).imageFilesystems;
  if (found === undefined) throw new Error('CRI reports no image file system');
  const { mountpoint } = found.fsId;
  const { blocks, bavail, bsize } = statfsSync(mountpoint);
  return { mountpoint, used: found.usedBytes?.value ?? 0, capacity: blocks * bsize, available: bavail * bsize };
}

/**
 * Collects images as kubelet does: if the file system is used beyond `high` percent, images that are not in use are removed
 * until they add up to what is missing to `low` percent. Returns the names of the removed ones.
 * Source: pkg/kubelet/images/image_gc_manager.go.
 */
export async function collectImages(node: Node, inUse: readonly string[], { high = 85, low = 80 } = {}) {
  const { capacity, available } = await imageFileSystem(node);
  if (100 - Math.floor((available * 100) / capacity) < high) return [];
  let missing = (capacity * (100 - low)) / 100 - available;
  const removed: string[] = [];
  for (const { id, repoTags, size, pinned } of (await node.cri.call('ListImages')).images) {
    const [tag = ''] = repoTags;
    if (missing <= 0) break;
    if (pinned || inUse.includes(tag)) continue;
    await node.cri.call('RemoveImage', { image: { image: id } });
    removed.push(tag);
    missing -= size;
  }
  return removed;
}
