import { lstatSync, mkdirSync, readlinkSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import { faultOf } from '../../ports/fault.ts';

/**
 * Links the path at which CRI looks for the image file system to the root, so that kubelet measures the file system that holds
 * the images. Replaces a link with another target; changes nothing else. Returns why there is no link, or undefined if
 * there is one; never throws.
 */
export function linkImageFs(path: string, root: string): string | undefined {
  try {
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (found?.isSymbolicLink() === true && readlinkSync(path) === root) return undefined;
    if (found !== undefined && !found.isSymbolicLink())
      return `${path}: exists and is not a link: move it out of the way`;
    // As containerd makes its root, which may start later.
    mkdirSync(dirname(path), { recursive: true, mode: 0o711 });
    const unfinished = `${path}.new`;
    rmSync(unfinished, { force: true });
    symlinkSync(root, unfinished);
    renameSync(unfinished, path);
    return undefined;
  } catch (error) {
    const { message, hint } = faultOf(error, path);
    return `${message} (${hint})`;
  }
}
