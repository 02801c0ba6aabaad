import { lstatSync, readdirSync } from 'node:fs';
import type { FindTree } from '../shared/layer-tree.ts';
import { bytesOf, rawPath } from '../shared/raw-path.ts';

/** All of an overlay layer's directory is its own. */
export const ownTreeOverlay =
  (root: string): FindTree =>
  ({ id }) => {
    const top = `${root}/snapshots/${id}/fs`;
    return { top, paths: [...pathsBelow(bytesOf(top))], removed: [] };
  };

function* pathsBelow(top: string): Generator<string> {
  const left = [''];
  for (let path = left.pop(); path !== undefined; path = left.pop()) {
    yield path;
    if (!lstatSync(rawPath(`${top}/${path}`)).isDirectory()) continue;
    const names = readdirSync(rawPath(`${top}/${path}`), 'latin1');
    for (const name of names) left.push(path === '' ? name : `${path}/${name}`);
  }
}
