import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { Fault } from '../../../../ports/fault.ts';
import type { Packed } from '../../../../ports/volume-carrier.ts';
import type { AttributeTools, RunBytes } from '../../shared/attributes.ts';
import { bytesOf, nameList, rawPath } from '../../shared/raw-path.ts';
import { differenceOf } from './difference.ts';
import { refuseMarks } from './marks.ts';

/** What a subvolume adds to the frozen one that it is a snapshot of, as a layer of overlay's; lists and whiteouts are made in `scratch`. */
export async function packLayer(
  tools: AttributeTools,
  parent: string | undefined,
  child: string,
): Promise<readonly Packed[]> {
  const { run, scratch } = tools;
  const { changed, removed } = differenceOf(parent, child);
  const all = ['.', ...changed.map((path) => `./${path}`)];
  await refuseMarks(tools, child, all);
  const lists = { changed: `${scratch}/changed`, removed: `${scratch}/removed` };
  writeFileSync(lists.changed, nameList(all));
  if (removed.length === 0) return [{ directory: child, list: lists.changed }];
  writeFileSync(lists.removed, nameList(removed.map((path) => `./${path}`)));
  const whiteouts = `${scratch}/whiteouts`;
  await makeWhiteouts(run, whiteouts, removed, lists.removed);
  // They come first, since their directories' times are right only when nothing is put into them any more.
  return [
    { directory: whiteouts, list: lists.removed },
    { directory: child, list: lists.changed },
  ];
}

/** Node makes no device files. */
const script = 'cd "$0" && for path do mknod "$path" c 0 0 || exit 255; done';

async function makeWhiteouts(run: RunBytes, top: string, paths: readonly string[], list: string): Promise<void> {
  for (const directory of new Set(paths.map((path) => dirname(path))))
    mkdirSync(rawPath(`${bytesOf(top)}/${directory}`), { recursive: true });
  const { status, errors } = await run('xargs', ['--null', `--arg-file=${list}`, 'sh', '-c', script, top]);
  if (status !== 0) throw new Fault('io', `whiteouts in ${top}: ${errors.trim()}`, { hint: 'run as root' });
}
