import { hash } from 'node:crypto';
import * as either from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { decodeText } from '../../../events/codecs.ts';

/** Reads content by its digest, at most `limit` bytes; undefined if it is missing or longer. */
export type ReadContent = (digest: string, limit: number) => Promise<Buffer | undefined>;

/** Source: OCI image specification 1.1, image-index.md, manifest.md, config.md; Docker's formats have the same fields. */
const Platform = t.partial({ os: t.string, architecture: t.string });
const Index = t.type({
  manifests: t.array(t.intersection([t.type({ digest: t.string }), t.partial({ platform: Platform })])),
});
const Manifest = t.type({ config: t.type({ digest: t.string }) });
const Config = t.intersection([t.type({ rootfs: t.type({ diff_ids: t.array(t.string) }) }), Platform]);

/** bytes of an index, a manifest or a configuration */
const maxBytes = 4 * 1024 * 1024;
/** Contents that are read for one image, indexes in indexes, and layers: hostile content costs no more. */
const maxReads = 20;
const maxDepth = 3;
const maxLayers = 500;
const digestOfLayer = /^[a-z0-9]+:[0-9a-f]{32,128}$/;

/** A step from an image's target to its configuration. */
interface Step {
  readonly digest: string;
  /** indexes that may follow */
  readonly depth: number;
  /** The index names no platform for this one, so its configuration has to name this machine's. */
  readonly unnamed: boolean;
}

/**
 * The chain ids of an image's layers, the base layer's first: of its only manifest, or of the one in an index that is for Linux on
 * this architecture (in Go's words) and has its content here. Null if there is none, or if it is no image. Rejects as `read`.
 */
export function layersOf(read: ReadContent, target: string, architecture: string): Promise<readonly string[] | null> {
  let reads = 0;
  const textOf = async (digest: string): Promise<string> => {
    reads += 1;
    return reads > maxReads ? '' : ((await read(digest, maxBytes))?.toString('utf8') ?? '');
  };
  const isOurs = (platform: t.TypeOf<typeof Platform>) =>
    platform.os === 'linux' && platform.architecture === architecture;

  const follow = async ({ digest, depth, unnamed }: Step): Promise<readonly string[] | null> => {
    const text = await textOf(digest);
    const index = decodeText(Index, text);
    if (either.isRight(index)) return depth === 0 ? null : firstOf(index.right, depth - 1);
    const manifest = decodeText(Manifest, text);
    if (either.isLeft(manifest)) return null;
    const config = decodeText(Config, await textOf(manifest.right.config.digest));
    return either.isLeft(config) || (unnamed && !isOurs(config.right))
      ? null
      : chainIdsOf(config.right.rootfs.diff_ids);
  };
  const firstOf = async ({ manifests }: t.TypeOf<typeof Index>, depth: number) => {
    const named = manifests.filter(({ platform }) => platform !== undefined && isOurs(platform));
    for (const { digest, platform } of [...named, ...manifests.filter((one) => one.platform === undefined)]) {
      const layers = await follow({ digest, depth, unnamed: platform === undefined });
      if (layers !== null) return layers;
      if (reads >= maxReads) break;
    }
    return null;
  };
  return follow({ digest: target, depth: maxDepth, unnamed: false });
}

/** Source: OCI image specification 1.1, config.md, "Layer ChainID" */
function chainIdsOf(diffIds: readonly string[]): readonly string[] | null {
  if (diffIds.length > maxLayers || !diffIds.every((diffId) => digestOfLayer.test(diffId))) return null;
  const chain: string[] = [];
  for (const diffId of diffIds) {
    const below = chain.at(-1);
    chain.push(below === undefined ? diffId : `sha256:${hash('sha256', `${below} ${diffId}`)}`);
  }
  return chain;
}
