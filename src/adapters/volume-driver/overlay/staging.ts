import { randomUUID } from 'node:crypto';
import { constants, copyFileSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import type { Failpoint } from '../../../ports/failpoints.ts';
import { isFull } from '../../../ports/fault.ts';
import type { LayerStaging } from '../../../ports/volume-driver.ts';
import { ensureDirectory, namesIn } from '../shared/directories.ts';
import { guarded } from '../shared/faults.ts';
import type { LayerWork } from '../shared/layers/layer-work.ts';

interface StagingSetup {
  readonly root: string;
  readonly layers: Pick<LayerWork, 'copy'>;
  /** deletes what is at a path, if anything is */
  readonly remove: (path: string) => Promise<number> | number;
  readonly failpoint: Failpoint;
}

const folderIn = (root: string) => `${root}/staging`;

/** Copies of layers in `ROOT/staging`, each with a name of its own. */
export function createStaging({ root, layers, remove, failpoint }: StagingSetup): LayerStaging {
  const pathOf = (name: string) => `${folderIn(root)}/${name}`;
  return {
    copy: (id) =>
      guarded(`copy of volume ${id}`, async () => {
        const name = randomUUID();
        try {
          await layers.copy(`${root}/snapshots/${id}/fs`, pathOf(name));
          failpoint('staging.copied');
        } catch (error) {
          await remove(pathOf(name));
          throw error;
        }
        return name;
      }),
    place: (id, name) =>
      guarded(`copy into volume ${id}`, () => renameSync(pathOf(name), `${root}/snapshots/${id}/fs`)),
    discard: (name) => guarded('copy of a layer', async () => void (await remove(pathOf(name)))),
  };
}

/** Deletes what a crash has left of copies. */
export async function clearStaging({ root, remove }: Pick<StagingSetup, 'root' | 'remove'>): Promise<void> {
  for (const name of namesIn(folderIn(root))) await remove(`${folderIn(root)}/${name}`);
}

/** Whether files in a root can share data (reflink). Creates the directory for copies. A full disk counts as able. */
export function canShareData(root: string): boolean {
  const trial = `${folderIn(root)}/${randomUUID()}`;
  try {
    ensureDirectory(folderIn(root), 0o700);
    mkdirSync(trial);
    writeFileSync(`${trial}/a`, 'a');
    copyFileSync(`${trial}/a`, `${trial}/b`, constants.COPYFILE_FICLONE_FORCE);
    return true;
  } catch (error) {
    return isFull(error);
  } finally {
    rmSync(trial, { recursive: true, force: true });
  }
}
