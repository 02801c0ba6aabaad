import { Fault } from '../../../../ports/fault.ts';
import { type AttributeTools, attributesOf } from '../../shared/layers/attributes.ts';
import { bytesOf, rawPath } from '../../shared/paths.ts';

const pattern = String.raw`^(trusted|user)\.overlay\.`;
/** Throws a Fault (`unsupported`) if one of these has an extended attribute of overlay, which could not be distinguished from the carried ones. */
export async function refuseOverlayXattrs(
  tools: AttributeTools,
  directory: string,
  paths: readonly string[],
): Promise<void> {
  const top = bytesOf(directory);
  const found = await attributesOf(
    tools,
    paths.map((path) => `${top}/${path}`),
    pattern,
  );
  for (const [path, attributes] of found)
    for (const [name, value] of attributes)
      throw new Fault('unsupported', `${rawPath(path)}: the attribute ${name}=${value} can't be carried`, {
        hint: 'an overlay with other options than ours set it: take it off (setfattr -x), or move the whole file system (btrfs send)',
      });
}
