import type { Snapshot } from '../../projections/snapshot.ts';
import { infoOf } from './messages.ts';
import { encodeInfoResponse } from './protocol.ts';

const encoded = new WeakMap<Snapshot, Buffer>();

/** A snapshot as Stat answers it, in the bytes of the wire. Snapshots are values, so each is encoded once and kept as long as it lives. */
export function encodedInfo(snapshot: Snapshot): Buffer {
  const known = encoded.get(snapshot);
  if (known !== undefined) return known;
  const bytes = encodeInfoResponse({ info: infoOf(snapshot) });
  encoded.set(snapshot, bytes);
  return bytes;
}
