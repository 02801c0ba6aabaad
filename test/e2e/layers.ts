import { readFileSync } from 'node:fs';
import { directory, type Entry, file, link, opaque, symlink, whiteout } from '../support/image/entries.ts';

/** cap_net_raw, permitted and effective, as the kernel stores it (revision 2). */
const netRaw = Buffer.from('0100000200200000000000000000000000000000', 'hex');
const applets = [
  'sh',
  'cat',
  'echo',
  'false',
  'id',
  'ls',
  'mkdir',
  'mv',
  'rm',
  'sleep',
  'stat',
  'test',
  'touch',
  'true',
];
const long = 'a-name-that-does-not-fit-the-header-of-a-tar-file-'.repeat(4);

/** A root file system around busybox, with every kind of entry that is hard to preserve. */
export const base = (): readonly Entry[] => [
  ...['bin', 'dev', 'etc', 'home', 'opt', 'opt/app', 'opt/app/plugins', 'proc', 'srv', 'srv/old', 'sys', 'usr'].map(
    (path) => directory(path),
  ),
  file('bin/busybox', readFileSync('/bin/busybox'), { mode: 0o755 }),
  ...applets.map((name) => symlink(`bin/${name}`, 'busybox')),
  file('etc/passwd', 'root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000:user:/home/user:/bin/sh\n'),
  file('etc/group', 'root:x:0:\nuser:x:1000:\n'),
  file('etc/removed', 'a later layer removes this\n'),
  file('etc/replaced', 'old\n', { mode: 0o600 }),
  file('etc/single', 'a later layer makes this one of two names\n'),
  directory('home/user', { uid: 1000, gid: 1000, mode: 0o750 }),
  file('opt/app/hidden', 'an opaque directory hides this\n'),
  file('opt/app/plugins/hidden', 'and this\n'),
  directory('root', { mode: 0o700 }),
  directory('run'),
  file('srv/old/file', 'gone with its directory\n'),
  directory('tmp', { mode: 0o1777 }),
  directory('usr/shared', { mode: 0o2775, gid: 50 }),
  file('usr/setuid', 'setuid\n', { mode: 0o4755 }),
  file('usr/capable', 'may open raw sockets\n', { mode: 0o755, xattrs: { 'security.capability': netRaw } }),
  file('usr/first-name', 'one file, three names\n'),
  link('usr/second-name', 'usr/first-name'),
  link('usr/third-name', 'usr/first-name'),
  file('usr/nobody', 'unusual owners\n', { uid: 65534, gid: 65534, mode: 0o000 }),
  file('usr/far', 'very unusual owners\n', { uid: 123_456, gid: 4_000_000 }),
  directory(`usr/${long}`),
  file(`usr/${long}/${long}`, 'long names\n'),
  symlink('usr/long-link', `${long}/${long}`),
  file('usr/ein Name mit Umläuten ü', 'other alphabets\n'),
  symlink('usr/nowhere', '/does/not/exist'),
  file('usr/empty', ''),
  { type: 'fifo', path: 'usr/fifo' },
  { type: 'device', path: 'usr/null', major: 1, minor: 3, mode: 0o666 },
];

/** Changes of every kind to the base. */
export const changes = (): readonly Entry[] => [
  whiteout('etc/removed'),
  file('etc/replaced', 'new, and longer\n', { mode: 0o640, gid: 1000 }),
  file('etc/single', 'two names\n'),
  link('etc/second', 'etc/single'),
  directory('opt/app', { mode: 0o711 }),
  opaque('opt/app'),
  file('opt/app/shown', 'the only one\n'),
  whiteout('srv/old'),
  whiteout('usr/third-name'),
  file('usr/nowhere', 'a file where a link was\n'),
  directory('usr/empty'),
  file('usr/empty/no-more', 'a directory where a file was\n'),
  whiteout('usr/fifo'),
];

/** Restores some entries that the changes deleted. */
export const afterthoughts = (): readonly Entry[] => [
  directory('srv/old', { uid: 1000 }),
  file('srv/old/again', 'a new directory under the old name\n'),
  file('etc/removed', 'back again\n'),
  whiteout('usr/empty/no-more'),
  whiteout('usr/second-name'),
];

/** A layer of many small files and a large one; no two layers share a path. */
export const filler = (number: number): readonly Entry[] => [
  directory(`data-${number}`),
  ...Array.from({ length: 200 }, (_, i) =>
    file(`data-${number}/file-${i}`, `file ${i} of layer ${number}\n`.repeat(i), { uid: i, mode: 0o600 }),
  ),
  file(`data-${number}/large`, Buffer.alloc(3 << 20, `large file of layer ${number}\n`)),
];
