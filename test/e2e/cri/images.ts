import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { directory, file, symlink } from '../../support/image/entries.ts';
import { imageOf, layerOf } from '../../support/image/image.ts';
import { pushImage } from '../../support/image/push.ts';

const applets = ['cat', 'chmod', 'chown', 'dd', 'echo', 'id', 'ls', 'rm', 'sh', 'sleep', 'stat', 'touch'];
const system = layerOf([
  ...['bin', 'dev', 'etc', 'proc', 'srv', 'sys', 'tmp'].map((path) => directory(path)),
  file('bin/busybox', readFileSync('/bin/busybox'), { mode: 0o755 }),
  ...applets.map((name) => symlink(`bin/${name}`, 'busybox')),
  file('etc/passwd', 'root:x:0:0:root:/root:/bin/sh\n'),
]);

const Env = ['PATH=/bin'];

/** An image whose process does nothing, for the sandbox of a pod. */
export const pushPause = (registry: string): Promise<string> =>
  pushImage(registry, 'pause', '1', imageOf([system], { Env, Cmd: ['/bin/sleep', '1000000'] }));

/** An image of two layers that runs until it is stopped: busybox, and a file that holds its name beside incompressible bytes. */
export function pushApp(registry: string, name: string, bytes: number): Promise<string> {
  const data = layerOf([
    file('srv/name', `${name}\n`),
    file('srv/data', randomBytes(bytes)),
    directory('srv/owned', { uid: 1000, gid: 2000 }),
    file('srv/owned/file', 'not of root\n', { uid: 1000, gid: 2000, mode: 0o600 }),
  ]);
  const Cmd = ['/bin/sh', '-c', 'trap "exit 0" TERM; while :; do sleep 0.05; done'];
  return pushImage(registry, name, '1', imageOf([system, data], { Env, Cmd }));
}
