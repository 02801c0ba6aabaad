import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { isErrno } from '../../../ports/errno.ts';
import { errorText, Fault, isFull } from '../../../ports/fault.ts';
import type { Volume } from '../../../ports/volume-driver.ts';
import { isOn } from '../../system/file-system.ts';
import { makeDirectories } from '../../system/files.ts';
import { existingRoot, layOut, probe } from '../shared/check-root.ts';
import { kernelTraits } from '../shared/kernel-traits.ts';
import { createOverlayMounts, type TryMount } from './overlay-mounts.ts';

/**
 * Checks that a directory can hold overlay's volumes, creates its directories (modes as in ARCHITECTURE.md, whatever the umask)
 * and resolves with its path without symbolic links. Tries what the first snapshots will need: a move to quarantine and, with
 * `tryMount`, their mounts with the operator's options. Rejects with a Fault.
 */
export async function checkOverlayRoot(
  root: string,
  tryMount?: TryMount,
  mountOptions: readonly string[] = [],
): Promise<string> {
  const path = existingRoot(root);
  // In mount options a comma ends an option and a colon a layer; a backslash escapes what follows.
  if (/[,:\\]/.test(path))
    throw new Fault('misuse', `root ${path}: mount options can't carry a path with a comma, colon or backslash`, {
      hint: 'take a directory without these characters in its path',
    });
  layOut(path, { empty: 0o755 });
  if (isOn(path, 'overlay'))
    throw new Fault('unsupported', `root ${path}: is itself on an overlay, which can't carry another`, {
      hint: 'put the root on a volume of ext4, xfs or btrfs',
    });
  const clear = async (scratch: string) => rmSync(scratch, { recursive: true, force: true });
  await probe(path, clear, async (scratch) => {
    makeDirectories(`${scratch}/snapshots`);
    if (!supportsDType(scratch))
      throw new Fault('unsupported', `root ${path}: its file system keeps no types of entries (d_type)`, {
        hint: 'create it again with them: mkfs.xfs -n ftype=1, mkfs.ext4 -O filetype',
      });
    if (tryMount !== undefined) await tryMounts({ root: path, scratch, mountOptions, tryMount });
  });
  return path;
}

const kernelPathLimit = 4094;

/**
 * Whether the file system reports the type of its directory entries (d_type), which overlay needs. If it doesn't, Node asks
 * for the type of each entry by its path: here that path is one byte too long, so reading fails. The directory must hold an
 * entry.
 */
function supportsDType(directory: string): boolean {
  const padding = '/.'.repeat(Math.floor((kernelPathLimit - Buffer.byteLength(directory)) / 2));
  try {
    readdirSync(Buffer.from(directory + padding), { encoding: 'buffer', withFileTypes: true });
    return true;
  } catch (error) {
    if (isErrno(error, 'ENAMETOOLONG')) return false;
    throw error;
  }
}

interface Trial {
  /** as errors name it */
  readonly root: string;
  /** a directory on its file system */
  readonly scratch: string;
  readonly mountOptions: readonly string[];
  readonly tryMount: TryMount;
}

/**
 * Mounts an active and a view of two layers as they will be mounted, first without the operator's options, and writes through the
 * active. Rejects with a Fault: `unsupported` if no overlay can be mounted, `misuse` if that is due to the options.
 */
async function tryMounts(trial: Trial): Promise<void> {
  const { root, scratch, mountOptions } = trial;
  for (const name of ['1/fs', '2/fs', '3/fs', '3/work']) makeDirectories(`${scratch}/snapshots/${name}`);
  mkdirSync(`${scratch}/merged`);
  const plain = await refusal(trial, []);
  if (plain !== undefined)
    throw new Fault('unsupported', `root ${root}: no overlay can be mounted on it: ${plain}`, {
      hint: 'put the root on a local volume of ext4, xfs or btrfs; dmesg says what the kernel missed',
    });
  const refused = mountOptions.length === 0 ? undefined : await refusal(trial, mountOptions);
  if (refused === undefined) return;
  const culprits: string[] = [];
  for (const option of mountOptions) if ((await refusal(trial, [option])) !== undefined) culprits.push(option);
  const named = (culprits.length > 0 ? culprits : mountOptions).map((option) => JSON.stringify(option)).join(', ');
  throw new Fault('misuse', `overlay.mount_options: ${named}: no active can be mounted and written to: ${refused}`, {
    hint: 'correct overlay.mount_options; the last lines of the kernel log (dmesg) say why it refused',
  });
}

const volume = (kind: Volume['kind']): Volume => ({ id: 3, kind, parents: [2, 1], labels: {} });

/** Why actives or views can't be mounted with these options; undefined if they can. */
async function refusal({ scratch, tryMount }: Trial, mountOptions: readonly string[]): Promise<string | undefined> {
  const mountsOf = createOverlayMounts(scratch, kernelTraits(scratch), { mountOptions, remapIds: false });
  const written = `written-${randomUUID()}`;
  try {
    for (const mount of mountsOf(volume('view'))) await tryMount(mount, `${scratch}/merged`);
    for (const mount of mountsOf(volume('active'))) await tryMount(mount, `${scratch}/merged`, written);
  } catch (error) {
    if (isFull(error)) throw error;
    return errorText(error);
  }
  return existsSync(`${scratch}/snapshots/3/fs/${written}`) ? undefined : 'writes do not reach its layer';
}
