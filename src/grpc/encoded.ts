import type { Snapshot } from '../../projections/snapshot.ts';
import type { Mount } from '../ports/volume-driver.ts';
import { infoOf } from './messages.ts';
import { encodeInfoResponse, encodeMountsResponse } from './protocol.ts';

/** Bytes of the wire, made once for each value and kept as long as that lives. */
function keptFor<T extends object>(encode: (value: T) => Buffer): (value: T) => Buffer {
  const encoded = new WeakMap<T, Buffer>();
  return (value) => {
    const known = encoded.get(value);
    if (known !== undefined) return known;
    const bytes = encode(value);
    encoded.set(value, bytes);
    return bytes;
  };
}

/** A snapshot as Stat answers it. */
export const encodedInfo = keptFor((snapshot: Snapshot) => encodeInfoResponse({ info: infoOf(snapshot) }));

/** Mounts as Prepare, View and Mounts answer them. */
export const encodedMounts = keptFor((mounts: readonly Mount[]) => encodeMountsResponse({ mounts }));
