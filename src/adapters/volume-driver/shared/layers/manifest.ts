import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { gunzipSync, gzipSync } from 'node:zlib';
import * as either from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { decodeText } from '../../../../../events/codecs.ts';
import { isErrno } from '../../../../ports/errno.ts';
import { Fault } from '../../../../ports/fault.ts';
import type { Altered } from '../../../../ports/layers.ts';
import type { Volume } from '../../../../ports/volume-driver.ts';
import { makeDirectories } from '../../../system/files.ts';
import type { AttributeTools } from './attributes.ts';
import { createDescriber, type Description, properties, removal } from './describe-entries.ts';

/** A committed layer's own content. Paths relative to it, with a byte in each character. */
interface LayerTree {
  readonly top: string;
  /** each after the directory that it is in; the layer itself is the empty path */
  readonly paths: readonly string[];
  /** paths of its parent that it removes, if removals are not entries (btrfs) */
  readonly removed: readonly string[];
}

/** What a reader must know about a layer. */
export type LayerOf = Pick<Volume, 'id' | 'parents'>;

/** Finds what a layer adds to its parent. Sync. Throws a Fault, or the system's errors. */
export type FindTree = (layer: LayerOf) => LayerTree;

/** Access to the layers of a store. */
export interface LayerAccess {
  readonly root: string;
  readonly findTree: FindTree;
  readonly run: AttributeTools['run'];
}

const Head = t.type({ format: t.literal('snapledger.manifest.v1'), snapshot: t.string }, 'ManifestHead');
const Line = t.readonlyArray(t.string, 'ManifestLine');

/** The directory of all manifests of a root. */
export const manifestsIn = (root: string): string => `${root}/manifests`;

const fileOf = (root: string, id: number) => `${manifestsIn(root)}/${id}.gz`;

/** Text that is compressed and written at a time. */
const chunk = 1 << 20;

/** Writes the manifest of a committed layer, complete or not at all. Reads every file of it. Rejects with a Fault, or the system's errors. */
export async function makeManifest({ root, findTree, run }: LayerAccess, layer: LayerOf): Promise<void> {
  const { top, paths, removed } = findTree(layer);
  const { describe } = await createDescriber(run, top);
  makeDirectories(manifestsIn(root), 0o700);
  const unfinished = `${fileOf(root, layer.id)}.new`;
  const fd = openSync(unfinished, 'w', 0o600);
  try {
    let text = `${JSON.stringify({ format: 'snapledger.manifest.v1', snapshot: String(layer.id) })}\n`;
    // Compressed parts one after another are one compressed file.
    const flush = (over: number) => {
      if (text.length <= over) return;
      writeSync(fd, gzipSync(text, { level: 1 }));
      text = '';
    };
    for (const path of paths) {
      const description = describe(path);
      if (description !== undefined) text += `${JSON.stringify([path, ...description])}\n`;
      flush(chunk);
    }
    for (const path of removed) text += `${JSON.stringify([path, ...removal])}\n`;
    flush(0);
    fsyncSync(fd);
  } catch (error) {
    rmSync(unfinished, { force: true });
    throw error;
  } finally {
    closeSync(fd);
  }
  renameSync(unfinished, fileOf(root, layer.id));
}

export const dropManifest = (root: string, id: number): void => rmSync(fileOf(root, id), { force: true });

/**
 * How a committed layer differs from its manifest, by path; undefined if it has none. Reads every file of it. Rejects with a
 * Fault, or the system's errors.
 */
export async function alteredEntries(
  { root, findTree, run }: LayerAccess,
  layer: LayerOf,
): Promise<readonly Altered[] | undefined> {
  const manifest = readManifest(root, layer.id);
  if (manifest === undefined) return undefined;
  const { top, paths, removed } = findTree(layer);
  const { describe } = await createDescriber(run, top);
  const gone = new Set(removed);
  const now = (path: string) => describe(path) ?? (gone.has(path) ? removal : undefined);
  const all = [...new Set([...manifest.keys(), ...paths, ...removed])].sort();
  return all.flatMap((path) => {
    const how = differenceBetween(manifest.get(path), now(path));
    return how === undefined ? [] : [{ path: Buffer.from(path === '' ? '.' : path, 'latin1').toString(), how }];
  });
}

function differenceBetween(before: Description | undefined, now: Description | undefined): string | undefined {
  const [was, is] = [before?.[0] ?? 'removed', now?.[0] ?? 'removed'];
  if (is === 'removed') return was === 'removed' && before !== undefined ? undefined : 'is missing';
  if (was === 'removed') return 'was added';
  const differing = properties.filter((_, index) => before?.[index] !== now?.[index]);
  return differing.length === 0 ? undefined : `${differing.join(', ')} changed`;
}

/** The entries of a layer's manifest by path, in their order; undefined if it has none. Throws a Fault (`corrupt`). */
function readManifest(root: string, id: number): ReadonlyMap<string, Description> | undefined {
  const file = fileOf(root, id);
  try {
    const [head = '', ...lines] = gunzipSync(readFileSync(file)).toString().trimEnd().split('\n');
    const decoded = decodeText(Head, head);
    if (either.isLeft(decoded) || decoded.right.snapshot !== String(id))
      throw new Error('its first line is not that of a manifest');
    return new Map(lines.map((line) => entryOf(line)));
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw new Fault('corrupt', `${file}: ${(error as Error).message}`, {
      hint: 'delete it: with `manifests` the next start creates another one, of what the layer holds then',
      cause: error,
    });
  }
}

function entryOf(line: string): readonly [string, Description] {
  const decoded = decodeText(Line, line);
  const [path, ...description] = either.isRight(decoded) ? decoded.right : [];
  if (path === undefined || description.length !== properties.length) throw new Error(`a line is no entry: ${line}`);
  return [path, description];
}
