import { defaultTime, type Entry, modeOf } from './entries.ts';

const block = 512;
const typeFlags = { file: '0', link: '1', symlink: '2', device: '3', directory: '5', fifo: '6' } as const;

/** The entries as a tar file (POSIX 2001: values that do not fit the old header are in an extended one before it). */
export function tar(entries: readonly Entry[]): Buffer {
  return Buffer.concat([...entries.flatMap(parts), Buffer.alloc(2 * block)]);
}

function parts(entry: Entry): readonly Buffer[] {
  const content = entry.type === 'file' ? Buffer.from(entry.content) : Buffer.alloc(0);
  const extended = extendedRecords(entry);
  const header = headerOf(entry, content.length);
  if (extended.length === 0) return [header, padded(content)];
  const before = headerOf({ type: 'file', path: 'extended', content: extended }, extended.length, 'x');
  return [before, padded(extended), header, padded(content)];
}

function headerOf(entry: Entry, size: number, flag: string = typeFlags[entry.type]): Buffer {
  const header = Buffer.alloc(block);
  header.write(entry.path.slice(0, 100), 0, 100);
  header.write(octal(modeOf(entry), 7), 100);
  header.write(octal((entry.uid ?? 0) % 0o7777777, 7), 108);
  header.write(octal((entry.gid ?? 0) % 0o7777777, 7), 116);
  header.write(octal(size, 11), 124);
  header.write(octal(entry.time ?? defaultTime, 11), 136);
  header.write(' '.repeat(8), 148);
  header.write(flag, 156);
  header.write(targetOf(entry).slice(0, 100), 157, 100);
  header.write('ustar\u000000', 257);
  if (entry.type === 'device') {
    header.write(octal(entry.major, 7), 329);
    header.write(octal(entry.minor, 7), 337);
  }
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${octal(sum, 6)}\u0000 `, 148);
  return header;
}

function extendedRecords(entry: Entry): Buffer {
  const records: Buffer[] = [];
  const plain = (text: string) => /^[\x20-\x7e]{0,99}$/.test(text);
  if (!plain(entry.path)) records.push(record('path', Buffer.from(entry.path)));
  if (!plain(targetOf(entry))) records.push(record('linkpath', Buffer.from(targetOf(entry))));
  for (const owner of ['uid', 'gid'] as const)
    if ((entry[owner] ?? 0) >= 0o7777777) records.push(record(owner, Buffer.from(String(entry[owner]))));
  for (const [name, value] of Object.entries(entry.xattrs ?? {})) records.push(record(`SCHILY.xattr.${name}`, value));
  return Buffer.concat(records);
}

/** `length key=value\n`, where the length counts its own digits. */
function record(key: string, value: Buffer): Buffer {
  const rest = Buffer.concat([Buffer.from(` ${key}=`), value, Buffer.from('\n')]);
  let length = rest.length + 1;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return Buffer.concat([Buffer.from(String(length)), rest]);
}

const targetOf = (entry: Entry) => (entry.type === 'symlink' || entry.type === 'link' ? entry.target : '');
const octal = (value: number, digits: number) => value.toString(8).padStart(digits, '0');
const padded = (content: Buffer) => Buffer.concat([content, Buffer.alloc((block - (content.length % block)) % block)]);
