import { mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isErrno } from '../../../../ports/errno.ts';
import type { VolumeCarrier } from '../../../../ports/volume-carrier.ts';
import type { Volume } from '../../../../ports/volume-driver.ts';
import type { RunBytes } from '../../shared/attributes.ts';
import { expectContent } from '../../shared/expect-content.ts';
import { removeTree } from '../../shared/remove-tree.ts';
import type { CopyTree } from '../freeze-layer.ts';
import { guarded } from '../guarded.ts';
import { isSubvolume } from '../is-subvolume.ts';
import { createLayout, type Layout } from '../layout.ts';
import { applyLayer } from './apply-layer.ts';
import { packLayer } from './pack-layer.ts';

interface Tools {
  readonly root: string;
  readonly run: RunBytes;
  readonly copyTree: CopyTree;
}

/** Tells what each snapshot changes, and makes such changes to snapshots. Works in `ROOT/carried`, or in the system's temporary
 * directory where the root is read-only; gone afterwards. */
export function createBtrfsCarrier({ root, run, copyTree }: Tools): VolumeCarrier {
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
          await applyLayer({ run, scratch, copyTree }, layer, layout.fs(volume.id));
        }),
      ),
  };
}

/** A commit that was under way has left both an active and its frozen copy: the log says which of them counts. */
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

/** What is read from a root that is read-only is worked upon elsewhere. */
function makeScratch(root: string): string {
  const scratch = `${root}/carried`;
  try {
    // One that was killed may have left it.
    removeTree(scratch);
    mkdirSync(scratch, { mode: 0o700 });
    return scratch;
  } catch (error) {
    if (isErrno(error, 'EROFS')) return mkdtempSync(join(tmpdir(), 'snapledger-carried-'));
    throw error;
  }
}
