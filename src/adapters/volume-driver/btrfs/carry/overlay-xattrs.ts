import { Fault } from '../../../../ports/fault.ts';
import { type AttributeTools, attributesBelow, attributesOf, dropAttribute } from '../../shared/layers/attributes.ts';
import { bytesOf, rawPath } from '../../shared/paths.ts';

const pattern = String.raw`^(trusted|user)\.overlay\.`;
const opaque = 'trusted.overlay.opaque';
/** Immutable and append-only, as overlay keeps them. Elsewhere they are no extended attributes, and are not carried. */
const flags = 'trusted.overlay.protattr';

/**
 * Removes overlay's extended attributes from a layer and resolves with the absolute paths of its opaque directories. Throws a
 * Fault (`unsupported`) for any other of them: our mount options don't produce it.
 */
export async function takeOverlayXattrs(tools: AttributeTools, layer: string): Promise<ReadonlySet<string>> {
  const found = await attributesBelow(tools, layer, pattern);
  for (const [path, attributes] of found)
    for (const [name, value] of attributes)
      if (name !== flags && (name !== opaque || value !== '"y"'))
        throw unsupported(path, `${name}=${value}`, 'keep the driver overlay');
  const having = (xattr: string) => [...found].flatMap(([path, attributes]) => (attributes.has(xattr) ? [path] : []));
  for (const xattr of [opaque, flags]) await dropAttribute(tools, xattr, having(xattr));
  return new Set(having(opaque));
}

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
      throw unsupported(
        path,
        `${name}=${value}`,
        'take it off (setfattr -x), or move the whole file system (btrfs send)',
      );
}

const unsupported = (path: string, xattr: string, instead: string) =>
  new Fault('unsupported', `${rawPath(path)}: the attribute ${xattr} can't be carried`, {
    hint: `an overlay with other options than ours set it: ${instead}`,
  });
