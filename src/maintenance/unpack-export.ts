import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkExport } from '../adapters/store-export/read-export.ts';
import { writeIdentity } from '../adapters/system/root/root-directory.ts';
import { faultOf } from '../ports/fault.ts';
import { unpackFiles } from './import-store.ts';

/** The log and the checkpoints of an export, in a directory of its own that is to be removed. */
export interface UnpackedExport {
  readonly root: string;
  remove(): void;
}

/** Unpacks the log of an export into a temporary directory (0700), after checking every byte. Rejects with a Fault as an import does. */
export async function unpackExport(file: string): Promise<UnpackedExport> {
  const { members, store, driver } = await checkExport(file);
  const root = mkdtempSync(join(tmpdir(), 'snapledger-export-'));
  const remove = () => rmSync(root, { recursive: true, force: true });
  try {
    await unpackFiles(root, { file, members });
    await writeIdentity(root, { store, driver });
  } catch (error) {
    remove();
    throw faultOf(error, `unpack ${file} into ${root}`, 'set TMPDIR to a directory with space for the log');
  }
  return { root, remove };
}
