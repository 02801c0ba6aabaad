import { directory, file } from './entries.ts';
import { descriptor, type Image } from './image.ts';
import { tar } from './tar.ts';

/** The image as an OCI archive that `ctr images import` takes, under a name. */
export function archiveOf(image: Image, name: string): Buffer {
  const blobs = [image.manifest, image.config, ...image.layers];
  const index = {
    schemaVersion: 2,
    manifests: [{ ...descriptor(image.manifest), annotations: { 'io.containerd.image.name': name } }],
  };
  return tar([
    file('oci-layout', JSON.stringify({ imageLayoutVersion: '1.0.0' })),
    file('index.json', JSON.stringify(index)),
    directory('blobs'),
    directory('blobs/sha256'),
    ...blobs.map(({ digest, bytes }) => file(`blobs/${digest.replace(':', '/')}`, bytes)),
  ]);
}
