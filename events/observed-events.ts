import * as t from 'io-ts';
import { Nanoseconds } from './codecs.ts';

/**
 * What containerd told of itself, as far as it explains removals. `topic` is containerd's own (`/images/delete`), `name` what
 * it is about, `at` containerd's time.
 */
export const ContainerdObservedV1 = t.type(
  { topic: t.string, namespace: t.string, name: t.string, at: Nanoseconds },
  'ContainerdObserved.v1',
);
export type ContainerdObserved = t.TypeOf<typeof ContainerdObservedV1>;

/**
 * From then on containerd's events were listened to, or no longer. `gap` is how many nanoseconds before that they were not: since
 * they last were, or since the daemon's start. 0 where `listening` is false.
 */
export const ContainerdWatchChangedV1 = t.type({ listening: t.boolean, gap: Nanoseconds }, 'ContainerdWatchChanged.v1');
export type ContainerdWatchChanged = t.TypeOf<typeof ContainerdWatchChangedV1>;
