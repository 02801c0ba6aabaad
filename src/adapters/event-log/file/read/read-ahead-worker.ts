import { on } from 'node:events';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { Fault } from '../../../../ports/fault.ts';
import { walkSegment } from '../verify/verify-lines.ts';
import { type Message, maxAhead, type SegmentRange } from './read-ahead.ts';
import { withSegment } from './segment-file.ts';

/** Verifies the ranges block by block and sends them, pausing while the reader is too far behind. */
async function verifyAhead(ranges: readonly SegmentRange[], port: MessagePort): Promise<void> {
  const acknowledgements = on(port, 'message');
  let ahead = 0;
  for (const { path, from, to } of ranges)
    await withSegment(path, async (file) => {
      for await (const block of walkSegment(file, path, { from, to: () => to })) {
        const lines = transferable(block.lines);
        port.postMessage({ ...block, path, lines } satisfies Message, [lines.buffer]);
        ahead += 1;
        for (; ahead >= maxAhead; ahead--) await acknowledgements.next();
      }
    });
  port.postMessage(null satisfies Message);
  await acknowledgements.return?.();
}

/** Small buffers share a pool that is not transferable: they are copied. */
function transferable(bytes: Buffer): Uint8Array<ArrayBuffer> {
  if (bytes.length < Buffer.poolSize) return new Uint8Array(bytes);
  return new Uint8Array(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.length);
}

if (parentPort !== null) {
  const port = parentPort;
  await verifyAhead(workerData, port).catch((error) => {
    if (!(error instanceof Fault)) throw error;
    // Messages between threads lose the class of a Fault.
    const { code, message, hint } = error;
    port.postMessage({ code, message, hint } satisfies Message);
  });
}
