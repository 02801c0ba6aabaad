import { endianness } from 'node:os';

const family = 1;
const room = 107;

/**
 * A sockaddr_un for a path or, with a leading @, for an abstract name. Undefined for anything else, and for what is
 * too long. Source: unix(7).
 */
export function unixAddress(name: string): Buffer | undefined {
  const path = Buffer.from(name);
  if (path.length < 2 || path.length > room || !(name.startsWith('/') || name.startsWith('@'))) return undefined;
  const abstract = name.startsWith('@');
  // An abstract name begins with a zero byte and ends with the address; a path ends with a zero byte.
  if (abstract) path[0] = 0;
  const head = Buffer.alloc(2);
  if (endianness() === 'LE') head.writeUInt16LE(family);
  else head.writeUInt16BE(family);
  return Buffer.concat(abstract ? [head, path] : [head, path, Buffer.alloc(1)]);
}
