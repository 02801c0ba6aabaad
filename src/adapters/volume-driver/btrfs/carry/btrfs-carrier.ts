import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { isErrno } from '../../../../ports/errno.ts';
import { Fault } from '../../../../ports/fault.ts';
import type { Packed, VolumeCarrier } from '../../../../ports/layers.ts';
import type { FileCalls, System } from '../../../../ports/system.ts';
import type { Volume } from '../../../../ports/volume-driver.ts';
import { expectContent, guarded } from '../../shared/faults.ts';
import type { AttributeTools, RunBytes } from '../../shared/layers/attributes.ts';
import { mergeLayer } from '../../shared/layers/merge-layer.ts';
import { bytesOf, nameList, rawPath } from '../../shared/paths.ts';
import { removeTree } from '../../shared/trees/remove-tree.ts';
import { createLayout, isSubvolume, type Layout } from '../layout.ts';
import { differenceOf } from './difference.ts';
import { refuseOverlayXattrs } from './overlay-xattrs.ts';

interface Tools {
  readonly root: string;
  readonly run: RunBytes;
  readonly files: FileCalls;
  readonly syncFileSystem: System['syncFileSystem'];
}

/**
 * Carries the changes of each snapshot. Works in `ROOT/carried`, or in the system's temporary directory if the root is
 * read-only, and removes that afterwards.
 */
export function createBtrfsCarrier({ root, run, files, syncFileSystem }: Tools): VolumeCarrier {
  const layout = createLayout(root);
  return {
    pack: (volume, work) =>
      guarded(`content of volume ${volume.id}`, () =>
        withScratch(root, async (scratch) => {
          const [parent] = volume.parents;
          const below = parent === undefined ? undefined : layout.layer(parent);
          return work(await packLayer({ run, scratch }, below, contentOf(layout, volume)));
        }),
      ),
    fill: (volume, unpack) =>
      guarded(`content of volume ${volume.id}`, () =>
        withScratch(root, async (scratch) => {
          const layer = `${scratch}/layer`;
          mkdirSync(layer);
          await unpack(layer);
          // A reflink of each file would wait for its data to be written.
          await syncFileSystem(scratch);
          mergeLayer(files, layer, layout.fs(volume.id), { keep: false });
        }),
      ),
  };
}

/** A commit in progress left both an active and its frozen copy: the log records which of them counts. */
function contentOf(layout: Layout, volume: Volume): string {
  const path = volume.kind === 'committed' ? layout.layer(volume.id) : layout.fs(volume.id);
  expectContent(volume, path, isSubvolume);
  return path;
}

async function withScratch<T>(root: string, work: (scratch: string) => Promise<T>): Promise<T> {
  const scratch = makeScratch(root);
  try {
    return await work(scratch);
  } finally {
    removeTree(scratch);
  }
}

function makeScratch(root: string): string {
  const scratch = `${root}/carried`;
  try {
    // An export that was killed may have left it.
    removeTree(scratch);
    mkdirSync(scratch, { mode: 0o700 });
    return scratch;
  } catch (error) {
    if (isErrno(error, 'EROFS')) return mkdtempSync(join(tmpdir(), 'snapledger-carried-'));
    throw error;
  }
}

/** The changes of a subvolume since the frozen one that it is a snapshot of, as an overlay layer. Lists and whiteouts are created in `scratch`. */
async function packLayer(tools: AttributeTools, parent: string | undefined, child: string): Promise<readonly Packed[]> {
  const { run, scratch } = tools;
  const { changed, removed } = differenceOf(parent, child);
  const all = ['.', ...changed.map((path) => `./${path}`)];
  await refuseOverlayXattrs(tools, child, all);
  const lists = { changed: `${scratch}/changed`, removed: `${scratch}/removed` };
  writeFileSync(lists.changed, nameList(all));
  if (removed.length === 0) return [{ directory: child, list: lists.changed }];
  writeFileSync(lists.removed, nameList(removed.map((path) => `./${path}`)));
  const whiteouts = `${scratch}/whiteouts`;
  await makeWhiteouts(run, whiteouts, removed, lists.removed);
  // They come first: their directories get their final times only after that.
  return [
    { directory: whiteouts, list: lists.removed },
    { directory: child, list: lists.changed },
  ];
}

/** Node can't create device files. */
const makeNodes = 'cd "$0" && for path do mknod "$path" c 0 0 || exit 255; done';

async function makeWhiteouts(run: RunBytes, top: string, paths: readonly string[], list: string): Promise<void> {
  for (const directory of new Set(paths.map((path) => dirname(path))))
    mkdirSync(rawPath(`${bytesOf(top)}/${directory}`), { recursive: true });
  const { status, errors } = await run('xargs', ['--null', `--arg-file=${list}`, 'sh', '-c', makeNodes, top]);
  if (status !== 0) throw new Fault('io', `whiteouts in ${top}: ${errors.trim()}`, { hint: 'run as root' });
}
