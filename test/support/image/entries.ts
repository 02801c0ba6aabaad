/** One entry of a layer, as a tar file holds it. Owners, modes and times have defaults: root, 0644 or 0755, one fixed time. */
export type Entry = Attributes &
  (
    | { readonly type: 'file'; readonly content: Buffer | string }
    | { readonly type: 'directory' }
    | { readonly type: 'symlink'; readonly target: string }
    /** another name for an entry before it; `target` is that one's path */
    | { readonly type: 'link'; readonly target: string }
    | { readonly type: 'fifo' }
    | { readonly type: 'device'; readonly major: number; readonly minor: number }
  );

interface Attributes {
  /** without slashes at its ends */
  readonly path: string;
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  /** seconds since 1970 UTC */
  readonly time?: number;
  /** extended attributes by their full names */
  readonly xattrs?: Readonly<Record<string, Buffer>>;
}

type Rest = Omit<Attributes, 'path'>;

export const file = (path: string, content: Buffer | string, rest: Rest = {}): Entry => ({
  type: 'file',
  path,
  content,
  ...rest,
});
export const directory = (path: string, rest: Rest = {}): Entry => ({ type: 'directory', path, ...rest });
export const symlink = (path: string, target: string, rest: Rest = {}): Entry => ({
  type: 'symlink',
  path,
  target,
  ...rest,
});
export const link = (path: string, target: string): Entry => ({ type: 'link', path, target });

/** Removes what lower layers have at a path. */
export const whiteout = (path: string): Entry => {
  const cut = path.lastIndexOf('/') + 1;
  return file(`${path.slice(0, cut)}.wh.${path.slice(cut)}`, '');
};

/** Hides all that lower layers have in a directory. */
export const opaque = (path: string): Entry => file(`${path}/.wh..wh..opq`, '');

export const defaultTime = 1_700_000_000;
export const modeOf = (entry: Entry): number =>
  entry.mode ?? (entry.type === 'directory' ? 0o755 : entry.type === 'symlink' ? 0o777 : 0o644);
