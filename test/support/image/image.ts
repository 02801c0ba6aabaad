import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import type { Entry } from './entries.ts';
import { tar } from './tar.ts';

/** Bytes with a type and their digest, `sha256:...`. */
export interface Blob {
  readonly mediaType: string;
  readonly digest: string;
  readonly bytes: Buffer;
}

/** A compressed layer, and the digest of the tar file inside. */
export interface Layer extends Blob {
  readonly diffId: string;
}

export interface Image {
  readonly manifest: Blob;
  readonly config: Blob;
  readonly layers: readonly Layer[];
}

/** The default user and command of an image. */
export interface Defaults {
  readonly User?: string;
  readonly Cmd?: readonly string[];
  readonly Env?: readonly string[];
}

export const digestOf = (bytes: Buffer): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

export function layerOf(entries: readonly Entry[]): Layer {
  return packedLayer(tar(entries));
}

/** A layer from a tar file. */
export function packedLayer(content: Buffer): Layer {
  const layer = blob('application/vnd.oci.image.layer.v1.tar+gzip', gzipSync(content, { level: 1 }));
  return { ...layer, diffId: digestOf(content) };
}

/** This machine's architecture as images name it. */
export const ownArchitecture = process.arch === 'x64' ? 'amd64' : process.arch;

/** An OCI image of layers, lowest first. */
export function imageOf(layers: readonly Layer[], defaults: Defaults, architecture = ownArchitecture): Image {
  const config = blob(
    'application/vnd.oci.image.config.v1+json',
    json({
      architecture,
      os: 'linux',
      config: defaults,
      rootfs: { type: 'layers', diff_ids: layers.map((layer) => layer.diffId) },
      history: layers.map((_, index) => ({ created: '2024-01-01T00:00:00Z', created_by: `layer ${index}` })),
    }),
  );
  const manifest = blob(
    'application/vnd.oci.image.manifest.v1+json',
    json({
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      config: descriptor(config),
      layers: layers.map(descriptor),
    }),
  );
  return { manifest, config, layers };
}

/** An OCI index of images by their architectures. */
export function indexOf(images: Readonly<Record<string, Image>>): Blob {
  const mediaType = 'application/vnd.oci.image.index.v1+json';
  const manifests = Object.entries(images).map(([architecture, { manifest }]) => ({
    ...descriptor(manifest),
    platform: { os: 'linux', architecture },
  }));
  return blob(mediaType, json({ schemaVersion: 2, mediaType, manifests }));
}

export const descriptor = ({ mediaType, digest, bytes }: Blob) => ({ mediaType, digest, size: bytes.length });

const json = (value: unknown) => Buffer.from(JSON.stringify(value));
const blob = (mediaType: string, bytes: Buffer): Blob => ({ mediaType, digest: digestOf(bytes), bytes });
