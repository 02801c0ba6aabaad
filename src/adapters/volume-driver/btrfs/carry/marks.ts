import { Fault } from '../../../../ports/fault.ts';
import { type AttributeTools, attributesBelow, attributesOf, dropAttribute } from '../../shared/attributes.ts';
import { bytesOf, rawPath } from '../../shared/raw-path.ts';

const marks = String.raw`^(trusted|user)\.overlay\.`;
const opaque = 'trusted.overlay.opaque';
/** Immutable and append-only as overlay keeps them. On other file systems they are no attributes, and are not carried. */
const flags = 'trusted.overlay.protattr';

/**
 * Takes overlay's marks off a layer and answers which of its directories, by their whole path, were opaque. Throws a Fault
 * (`unsupported`) for every other mark: nothing that our mounts ask for makes one.
 */
export async function takeMarks(tools: AttributeTools, layer: string): Promise<ReadonlySet<string>> {
  const found = await attributesBelow(tools, layer, marks);
  for (const [path, attributes] of found)
    for (const [name, value] of attributes)
      if (name !== flags && (name !== opaque || value !== '"y"'))
        throw strange(path, `${name}=${value}`, 'keep the driver overlay');
  const having = (mark: string) => [...found].flatMap(([path, attributes]) => (attributes.has(mark) ? [path] : []));
  for (const mark of [opaque, flags]) await dropAttribute(tools, mark, having(mark));
  return new Set(having(opaque));
}

/** Throws a Fault (`unsupported`) where something among these has one of overlay's marks: it would be taken for ours. */
export async function refuseMarks(tools: AttributeTools, directory: string, paths: readonly string[]): Promise<void> {
  const top = bytesOf(directory);
  const found = await attributesOf(
    tools,
    paths.map((path) => `${top}/${path}`),
    marks,
  );
  for (const [path, attributes] of found)
    for (const [name, value] of attributes)
      throw strange(path, `${name}=${value}`, 'take it off (setfattr -x), or move the whole file system (btrfs send)');
}

const strange = (path: string, mark: string, instead: string) =>
  new Fault('unsupported', `${rawPath(path)}: the mark ${mark} can't be carried`, {
    hint: `an overlay with other options than ours made it: ${instead}`,
  });
