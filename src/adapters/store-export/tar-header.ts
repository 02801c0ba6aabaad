export const block = 512;

/** Bytes after a member of this size, up to the next block. */
export const padding = (size: number): number => (block - (size % block)) % block;

/** What ends a tar file. */
export const endOfArchive = Buffer.alloc(2 * block);

const longestOctal = 8 ** 11;

/** The header of a plain file in a tar archive, root's and for root alone. Source: POSIX ustar, and GNU's sizes from 8 GiB on. */
export function tarHeader(name: string, size: number): Buffer {
  if (Buffer.byteLength(name) > 100) throw new TypeError(`${name}: is too long for a header`);
  const header = Buffer.alloc(block);
  header.write(name, 0);
  header.write(`0000600\0${'0000000\0'.repeat(2)}`, 100);
  if (size < longestOctal) header.write(`${size.toString(8).padStart(11, '0')} `, 124);
  else header.writeBigUInt64BE(BigInt(size), 128);
  if (size >= longestOctal) header.writeUInt8(0x80, 124);
  header.write(`${'0'.repeat(11)} `, 136);
  header.write('        0', 148);
  header.write('ustar\x0000', 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return header;
}
