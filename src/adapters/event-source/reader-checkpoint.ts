import { readFile } from 'node:fs/promises';
import { isErrno } from '../../ports/errno.ts';
import type { ReaderCheckpoint } from '../../ports/event-source.ts';
import { Fault, faultOf } from '../../ports/fault.ts';
import { replaceFile } from '../system/files.ts';

/** A reader's position in a file. Saves are atomic: a crash leaves the old position or the new one. */
export function createFileReaderCheckpoint(file: string): ReaderCheckpoint {
  return {
    load: async () => {
      const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
        if (isErrno(error, 'ENOENT')) return '0\n';
        throw faultOf(error, `checkpoint ${file}`);
      });
      if (/^\d{1,15}\n$/.test(text)) return Number(text);
      throw new Fault('corrupt', `checkpoint ${file}: holds no position`, {
        hint: 'write the position of the last event that was processed into it, or delete it to begin again',
      });
    },
    save: async (position) => {
      try {
        await replaceFile(file, (handle) => handle.writeFile(`${position}\n`));
      } catch (error) {
        throw faultOf(error, `checkpoint ${file}`);
      }
    },
  };
}
