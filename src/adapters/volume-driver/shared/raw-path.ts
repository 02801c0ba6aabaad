/** Names may be any bytes: a text that holds one byte in each character stands for a path, and this is the path. */
export const rawPath = (text: string): Buffer => Buffer.from(text, 'latin1');

/** The text that stands for a path of ours. */
export const bytesOf = (path: string): string => Buffer.from(path).toString('latin1');

/** A list for commands that read names ended by NULs. */
export const nameList = (names: Iterable<string>): Buffer => rawPath([...names].map((name) => `${name}\0`).join(''));
