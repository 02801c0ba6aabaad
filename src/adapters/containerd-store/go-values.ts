/** Values as Go's encoding/binary and time packages write them. Those that decode return undefined for anything else. */

const maxVarintBytes = 10;

/** An unsigned varint at a position in its shortest form, and the position after it. */
export function uvarintAt(bytes: Buffer, start: number): { readonly value: bigint; readonly end: number } | undefined {
  let value = 0n;
  for (let at = start; at < Math.min(bytes.length, start + maxVarintBytes); at += 1) {
    const byte = bytes.readUInt8(at);
    value |= BigInt(byte & 0x7f) << BigInt(7 * (at - start));
    if (byte >= 0x80) continue;
    const isShortest = byte !== 0 || at === start;
    return isShortest && value < 1n << 64n ? { value, end: at + 1 } : undefined;
  }
  return undefined;
}

/** An unsigned varint that takes all the bytes. */
export function uvarintOf(bytes: Buffer): bigint | undefined {
  const found = uvarintAt(bytes, 0);
  return found?.end === bytes.length ? found.value : undefined;
}

/** A signed varint: the sign is the lowest bit. */
export function varintOf(bytes: Buffer): bigint | undefined {
  const value = uvarintOf(bytes);
  return value === undefined ? undefined : (value & 1n) === 0n ? value >> 1n : -((value + 1n) >> 1n);
}

export function uvarint(value: number | bigint): Buffer {
  const bytes: number[] = [];
  let rest = BigInt(value);
  for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  return Buffer.from([...bytes, Number(rest)]);
}

/** Of a number that is not negative. */
export const varint = (value: number): Buffer => uvarint(2n * BigInt(value));

const second = 1_000_000_000n;
/** Seconds from the year 1, with which Go begins, to 1970. */
const before1970 = 62_135_596_800n;
/** The last second of the year 9999, up to which protobuf's Timestamp goes. */
const lastSecond = 253_402_300_799n;
const utc = -1;
/** Bytes by the version, which is the first: the second version has the seconds of the offset too. */
const timeBytes = [undefined, 15, 16] as const;

/** Nanoseconds since 1970 UTC of a time between 1970 and 9999. The offset is not needed: the seconds are those of UTC. */
export function timeOf(bytes: Buffer): bigint | undefined {
  if (bytes.length === 0 || bytes.length !== timeBytes[bytes.readUInt8(0)]) return undefined;
  const [seconds, nanoseconds] = [bytes.readBigInt64BE(1) - before1970, BigInt(bytes.readUInt32BE(9))];
  if (seconds < 0n || seconds > lastSecond || nanoseconds >= second) return undefined;
  return seconds * second + nanoseconds;
}

/** A time in UTC. */
export function time(nanoseconds: bigint): Buffer {
  const bytes = Buffer.alloc(15);
  bytes.writeUInt8(1, 0);
  bytes.writeBigInt64BE(nanoseconds / second + before1970, 1);
  bytes.writeUInt32BE(Number(nanoseconds % second), 9);
  bytes.writeInt16BE(utc, 13);
  return bytes;
}
