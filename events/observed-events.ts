import * as t from 'io-ts';
import { Nanoseconds } from './codecs.ts';

/**
 * What containerd told of itself, as far as it explains removals. `topic` is containerd's own (`/images/delete`), `name` what
 * it is about, `at` containerd's time. The topics `watched` and `unwatched` are ours: from then on it was listened to, or not.
 */
export const ContainerdObservedV1 = t.type(
  { topic: t.string, namespace: t.string, name: t.string, at: Nanoseconds },
  'ContainerdObserved.v1',
);
export type ContainerdObserved = t.TypeOf<typeof ContainerdObservedV1>;
