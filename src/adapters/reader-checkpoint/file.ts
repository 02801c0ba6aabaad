import { open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { ReaderCheckpoint } from '../../ports/event-source.ts';
import { Fault, faultOf } from '../../ports/fault.ts';

/** A position in a file of its own. Each save replaces it whole: a crash leaves the one before or the new one. */
export function createFileReaderCheckpoint(file: string): ReaderCheckpoint {
  return {
    load: async () => {
      const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return '0\n';
        throw faultOf(error, `checkpoint ${file}`);
      });
      if (/^\d{1,15}\n$/.test(text)) return Number(text);
      throw new Fault('corrupt', `checkpoint ${file}: holds no position`, {
        hint: 'write the position of the last event that was dealt with into it, or delete it to begin again',
      });
    },
    save: async (position) => {
      try {
        await write(`${file}.new`, `${position}\n`);
        await rename(`${file}.new`, file);
        await syncDirectory(dirname(file));
      } catch (error) {
        throw faultOf(error, `checkpoint ${file}`);
      }
    },
  };
}

async function write(file: string, text: string): Promise<void> {
  const handle = await open(file, 'w', 0o600);
  try {
    await handle.writeFile(text);
    await handle.datasync();
  } finally {
    await handle.close();
  }
}

async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
