import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs';

/**
 * Keeps a disk busy: writes 1 MiB into a file and flushes it, 20 times a second or as often as the disk can. `busy-disk.js FILE`;
 * ends with a signal. The file stays at 64 MiB.
 */
const [path = ''] = process.argv.slice(2);
const block = Buffer.alloc(2 ** 20, 'busy');
const blocks = 64;
const pause = 50;
const fd = openSync(path, 'w');
process.once('SIGTERM', () => {
  closeSync(fd);
  process.exit();
});

let written = 0;
function write(): void {
  const began = performance.now();
  writeSync(fd, block, 0, block.length, (written++ % blocks) * block.length);
  fdatasyncSync(fd);
  setTimeout(write, Math.max(0, pause - (performance.now() - began)));
}
write();
