import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { directory, file } from '../../support/image/entries.ts';
import { type Image, imageOf, layerOf } from '../../support/image/image.ts';

/** Layers of a hundred small files and three large ones each, of bytes that don't compress. */
export function imageOfLayers(layers: number, megabytes: number): Image {
  const bytes = (megabytes * 1024 * 1024) / layers;
  const files = (prefix: string, count: number, size: number) =>
    Array.from({ length: count }, (_, i) => file(`${prefix}-${i}`, randomBytes(Math.floor(size))));
  return imageOf(
    Array.from({ length: layers }, (_, layer) =>
      layerOf([...files(`small-${layer}`, 100, bytes / 400), ...files(`large-${layer}`, 3, bytes / 4)]),
    ),
    {},
  );
}

/** An image whose container has something to run. */
export function imageWithShell(): Image {
  const program = file('bin/busybox', readFileSync('/bin/busybox'), { mode: 0o755 });
  const folders = ['bin', 'dev', 'etc', 'proc', 'sys', 'tmp'].map((path) => directory(path));
  return imageOf([layerOf([...folders, program])], { Cmd: ['/bin/busybox', 'true'] });
}
