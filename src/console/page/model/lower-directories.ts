/** The directories of overlay's option `lowerdir`, topmost first. A backslash makes a colon, or another one, part of a path. */
export const lowerDirectories = (value: string): readonly string[] =>
  (value.match(/(?:\\.|[^:])+/gs) ?? []).map((path) => path.replace(/\\(.)/gs, '$1'));
