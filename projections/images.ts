import type { Event } from '../events/registry.ts';
import type { Image } from '../events/store-events.ts';
import type { Mutable, ReadableMap } from './latest/overlay-map.ts';

/** An image of containerd, as it was last recorded. */
export interface RecordedImage extends Omit<Image, 'created'> {
  readonly namespace: string;
  readonly name: string;
}

/** The images of containerd by namespace and name. */
export type Images = ReadableMap<string, RecordedImage>;

/** containerd's namespaces have no slash. */
export const imageKey = (namespace: string, name: string): string => `${namespace}/${name}`;

export function evolveImages(images: Mutable<Images>, event: Event): void {
  switch (event.type) {
    case 'ContainerdObserved': {
      const { topic, namespace, name, image } = event.data;
      const key = imageKey(namespace, name);
      if (topic === '/images/delete') images.delete(key);
      else if (image !== undefined) images.set(key, { namespace, name, target: image.target, layers: image.layers });
    }
  }
}

/** Names of the images in a namespace that have a layer, by its chain id, sorted. */
export const imagesWith = (images: Images, namespace: string, chainId: string): readonly string[] =>
  [...images.values()]
    .filter((image) => image.namespace === namespace && image.layers?.includes(chainId))
    .map(({ name }) => name)
    .sort();
