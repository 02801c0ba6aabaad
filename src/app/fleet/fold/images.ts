import type { Event } from '../../../../events/registry.ts';
import type { FleetImage, ImageRef } from '../../../ports/fleet-database.ts';

/** What a batch says of the images of one store, the newest of each. */
export interface ImageDrafts {
  fold(event: Event): void;
  /** Rows of images that were created or updated. */
  changed(): readonly FleetImage[];
  /** Images that were deleted, and about which the batch says nothing else. */
  deleted(): readonly DeletedImage[];
}

interface DeletedImage extends ImageRef {
  readonly at: bigint;
}

export function createImageDrafts(store: string): ImageDrafts {
  const drafts = new Map<string, FleetImage>();
  const gone = new Map<string, DeletedImage>();
  return {
    fold: ({ type, data }) => {
      if (type !== 'ContainerdObserved') return;
      const { topic, namespace, name, at, image } = data;
      const key = imageKey({ store, namespace, name });
      const draft = drafts.get(key);
      if (topic === '/images/delete') {
        if (draft === undefined) gone.set(key, { store, namespace, name, at });
        else drafts.set(key, { ...draft, deleted: at });
      } else if (image !== undefined) {
        const { target, layers, created } = image;
        gone.delete(key);
        drafts.set(key, { store, namespace, name, target, layers: layers ?? [], created, updated: at, deleted: null });
      }
    },
    changed: () => [...drafts.values()],
    deleted: () => [...gone.values()],
  };
}

export const imageKey = ({ store, namespace, name }: ImageRef) => JSON.stringify([store, namespace, name]);
