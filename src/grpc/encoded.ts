import type { Snapshot } from '../../projections/snapshot.ts';
import type { Mount, Usage } from '../ports/volume-driver.ts';
import { maxMessageBytes } from './framing.ts';
import { infoOf } from './messages.ts';
import { encodeInfoResponse, encodeMountsResponse, methodOf } from './protocol.ts';

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

/** The label that a snapshot is shown with whose own labels fit into no message. */
export const labelsLeftOut = 'snapledger/labels-left-out';

/**
 * A snapshot as Stat answers it. One that a store of an earlier release gave more labels than fit into a message is shown
 * without them: a client can then still list the store, and remove the snapshot or replace its labels.
 */
export const encodeInfo = keptFor((snapshot: Snapshot) => {
  const bytes = encodeInfoResponse({ info: infoOf(snapshot) });
  if (bytes.length <= maxMessageBytes) return bytes;
  const labels = { [labelsLeftOut]: `${Object.keys(snapshot.labels).length} labels, larger than a message` };
  return encodeInfoResponse({ info: infoOf({ ...snapshot, labels }) });
});

/** Mounts as Prepare, View and Mounts answer them. */
export const encodeMounts = keptFor((mounts: readonly Mount[]) => encodeMountsResponse({ mounts }));

export const encodeUsage = ({ bytes, inodes }: Usage): Buffer =>
  methodOf('Usage').responseSerialize({ size: bytes, inodes });

const nothing = methodOf('Commit').responseSerialize({});

/** The answer to Commit, Remove and Cleanup. */
export const encodeEmpty = (): Buffer => nothing;
