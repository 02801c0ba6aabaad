import {
  type BigIntStats,
  closeSync,
  constants,
  copyFileSync,
  ftruncateSync,
  openSync,
  readSync,
  writeSync,
} from 'node:fs';

const block = 1 << 20;
const zeros = Buffer.alloc(block);

/** Copies a file's data to a vacant path: shared if both are on a file system that can, else without its holes. Throws the system's errors. */
export function copyData(from: Buffer, to: Buffer, { blocks, size }: BigIntStats): void {
  const hasHoles = blocks * 512n < size;
  try {
    const sharing = hasHoles ? constants.COPYFILE_FICLONE_FORCE : constants.COPYFILE_FICLONE;
    copyFileSync(from, to, constants.COPYFILE_EXCL | sharing);
  } catch (error) {
    if (!hasHoles) throw error;
    copyWithHoles(from, to, Number(size));
  }
}

function copyWithHoles(from: Buffer, to: Buffer, size: number): void {
  const buffer = Buffer.allocUnsafeSlow(block);
  const target = openSync(to, 'wx', 0o600);
  try {
    forEachBlock(from, buffer, (bytes, at) => {
      if (!bytes.equals(zeros.subarray(0, bytes.length))) writeSync(target, bytes, 0, bytes.length, at);
    });
    ftruncateSync(target, size);
  } finally {
    closeSync(target);
  }
}

function forEachBlock(path: Buffer, buffer: Buffer, use: (bytes: Buffer, at: number) => void): void {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    for (let at = 0, read = 1; read > 0; at += read) {
      read = readSync(fd, buffer, 0, block, at);
      if (read > 0) use(buffer.subarray(0, read), at);
    }
  } finally {
    closeSync(fd);
  }
}

/** Whether two files of equal size have the same content. */
export function isSameData(one: Buffer, other: Buffer): boolean {
  const buffers = [Buffer.allocUnsafeSlow(block), Buffer.allocUnsafeSlow(block)] as const;
  const fds = [one, other].map((path) => openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW));
  const [first = -1, second = -1] = fds;
  try {
    for (let at = 0; ; ) {
      const read = readSync(first, buffers[0], 0, block, at);
      const same = readSync(second, buffers[1], 0, block, at) === read;
      if (!same || !buffers[0].subarray(0, read).equals(buffers[1].subarray(0, read))) return false;
      if (read === 0) return true;
      at += read;
    }
  } finally {
    for (const fd of fds) closeSync(fd);
  }
}
