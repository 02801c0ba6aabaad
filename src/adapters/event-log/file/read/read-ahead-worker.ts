import { on } from 'node:events';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { Fault } from '../../../../ports/fault.ts';
import { createPlaces } from '../write/cursor.ts';
import { withFile } from './load-segments.ts';
import { type CrossingFault, type CrossingLines, mostAhead, type Stretch, type ThreadData } from './read-ahead.ts';
import { walkSegment } from './walk-segment.ts';

/** Verifies the stretches block by block and hands them over, and waits where the reader is too far behind. */
async function verifyAhead(stretches: readonly Stretch[], port: MessagePort): Promise<void> {
  const taken = on(port, 'message');
  let ahead = 0;
  const send = async (message: CrossingLines) => {
    port.postMessage(message, [message.bytes.buffer]);
    ahead += 1;
    for (; ahead >= mostAhead; ahead--) await taken.next();
  };
  for (const { path, from, to } of stretches)
    await withFile(path, async (handle) => {
      const segment = { path, places: createPlaces(from) };
      let first = from.position + 1;
      for await (const { bytes, end, damage } of walkSegment(handle, segment, from, () => to)) {
        const lines = { path, first, bytes: transferable(bytes) };
        await send(damage === undefined ? lines : { ...lines, damage });
        first = end.position + 1;
      }
    });
  port.postMessage(null);
  await taken.return?.();
}

/** Small buffers share one that can't be handed over: they are copied. */
function transferable(bytes: Buffer): Uint8Array<ArrayBuffer> {
  if (bytes.length < Buffer.poolSize) return new Uint8Array(bytes);
  return new Uint8Array(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.length);
}

/** A Fault would lose its kind on its way. */
function tell(error: unknown, port: MessagePort): void {
  if (!(error instanceof Fault)) throw error;
  const { code, message, hint } = error;
  port.postMessage({ code, message, hint } satisfies CrossingFault);
}

if (parentPort !== null) {
  const port = parentPort;
  const { stretches } = workerData as ThreadData;
  await verifyAhead(stretches, port).catch((error) => tell(error, port));
}
