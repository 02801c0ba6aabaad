import { Fault } from '../../../ports/fault.ts';
import type { Found } from '../../../ports/volume-driver.ts';

/** The absolute path of what a scan found: always an entry right below `ROOT/snapshots`. */
export function foundPath(root: string, { path }: Pick<Found, 'path'>): string {
  const [folder, name, ...deeper] = path.split('/');
  if (folder !== 'snapshots' || name === undefined || ['', '.', '..'].includes(name) || deeper.length > 0)
    throw new Fault('misuse', `${path}: is not an entry of snapshots/`, { hint: 'take it from a scan' });
  return `${root}/${path}`;
}
