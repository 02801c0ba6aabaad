export const block = 512;

/** Bytes after a member of this size, up to the next block. */
export const padding = (size: number): number => (block - (size % block)) % block;

/** The end of a tar file. */
export const endOfArchive = Buffer.alloc(2 * block);

const maxOctal = 8 ** 11;

/** The header of a plain file in a tar archive, of root's and only for root. Source: POSIX ustar, and GNU's sizes from 8 GiB on. */
export function tarHeader(name: string, size: number): Buffer {
  return header(name, size, '0');
}

/**
 * A hard link in a tar archive, of any path and to any path before it, with a byte in each character. GNU tar itself writes one for
 * files and symbolic links only. Source: pax(1), extended headers.
 */
export function linkMember(path: string, target: string): Buffer {
  const records = Buffer.from(record('path', path) + record('linkpath', target), 'latin1');
  const extended = [header('pax', records.length, 'x'), records, Buffer.alloc(padding(records.length))];
  return Buffer.concat([...extended, header('link', 0, '1')]);
}

/** A record begins with its own length. */
function record(keyword: string, value: string): string {
  const rest = ` ${keyword}=${value}\n`;
  let length = rest.length;
  while (length !== rest.length + String(length).length) length = rest.length + String(length).length;
  return `${length}${rest}`;
}

function header(name: string, size: number, type: string): Buffer {
  if (Buffer.byteLength(name) > 100) throw new TypeError(`${name}: is too long for a header`);
  const header = Buffer.alloc(block);
  header.write(name, 0);
  header.write(`0000600\0${'0000000\0'.repeat(2)}`, 100);
  if (size < maxOctal) header.write(`${size.toString(8).padStart(11, '0')} `, 124);
  else header.writeBigUInt64BE(BigInt(size), 128);
  if (size >= maxOctal) header.writeUInt8(0x80, 124);
  header.write(`${'0'.repeat(11)} `, 136);
  header.write(`        ${type}`, 148);
  header.write('ustar\x0000', 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return header;
}
