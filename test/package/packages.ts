import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { file, symlink } from '../support/image/entries.ts';
import { imageOf, layerOf } from '../support/image/image.ts';
import { pushImage } from '../support/image/push.ts';
import { run } from '../support/run.ts';

/** Makes packages of the build, lightly compressed, in a folder of their own. Resolves with their paths, sorted. */
export async function makePackages(
  kinds: readonly ('deb' | 'tarball')[],
  folder: string,
  env: Readonly<Record<string, string>> = {},
): Promise<readonly string[]> {
  const options = { PACKAGE_FOLDER: folder, PACKAGE_LEVEL: '1', ...env };
  await run('bash', ['src/package/build', ...kinds], { env: options, limit: 600_000 });
  return readdirSync(folder)
    .sort()
    .map((name) => join(folder, name));
}

/** Pushes an image with busybox. Resolves with the reference to pull it by. */
export function pushBusybox(registry: string): Promise<string> {
  const applets = ['sh', 'sleep', 'touch', 'cat'].map((name) => symlink(`bin/${name}`, 'busybox'));
  const layers = [layerOf([file('bin/busybox', readFileSync('/bin/busybox'), { mode: 0o755 }), ...applets])];
  return pushImage(registry, 'busybox', '1', imageOf(layers, { Env: ['PATH=/bin'] }));
}
