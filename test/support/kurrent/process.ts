import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { startStandIn } from './stand-in.ts';

/**
 * The stand-in as a process that tests can kill: `node process.js PORT FILE [PREPARED]`. Acknowledged appends are in the file. The
 * prepared file holds frames of `frameOf`, which come before them.
 */
const [port, file, prepared] = process.argv.slice(2);
if (file === undefined) throw new TypeError('usage: process.js PORT FILE [PREPARED]');
await startStandIn({ port: Number(port), file, ...(prepared !== undefined && { prepared: pieces(prepared) }) });

/** A large file in pieces that end with a frame. */
function* pieces(path: string): Generator<Buffer> {
  const fd = openSync(path, 'r');
  const { size } = fstatSync(fd);
  for (let from = 0; from < size; ) {
    const piece = Buffer.allocUnsafeSlow(Math.min(64 * 1024 * 1024, size - from));
    readSync(fd, piece, 0, piece.length, from);
    let end = 0;
    while (end + 5 <= piece.length && end + 5 + piece.readUInt32BE(end + 1) <= piece.length)
      end += 5 + piece.readUInt32BE(end + 1);
    if (end === 0) throw new TypeError(`${path}: no frame at ${from}`);
    yield piece.subarray(0, end);
    from += end;
  }
  closeSync(fd);
}
