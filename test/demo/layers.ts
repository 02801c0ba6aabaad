import { readFileSync } from 'node:fs';
import { directory, type Entry, file, symlink, whiteout } from '../support/image/entries.ts';

/** A small image in three layers: busybox, a greeting, and a better greeting. */
export const demoLayers = (): readonly (readonly Entry[])[] => [
  [
    ...['bin', 'dev', 'etc', 'proc', 'srv', 'sys', 'tmp'].map((path) => directory(path)),
    file('bin/busybox', readFileSync('/bin/busybox'), { mode: 0o755 }),
    ...['cat', 'echo', 'id', 'ls', 'sh', 'sleep'].map((name) => symlink(`bin/${name}`, 'busybox')),
    file('etc/passwd', 'root:x:0:0:root:/root:/bin/sh\n'),
  ],
  [file('srv/greeting', 'hello\n'), file('srv/draft', 'to be removed\n')],
  [file('srv/greeting', 'hello from three layers\n'), whiteout('srv/draft')],
];
