import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { damaged, volumeMember } from '../adapters/store-export/contents.ts';
import { type CheckedExport, readMember } from '../adapters/store-export/read-export.ts';
import { unpackVolume } from '../adapters/store-export/volume-tar.ts';
import { runCommand } from '../adapters/system/run-command.ts';
import type { VolumeCarrier } from '../ports/volume-carrier.ts';
import type { Volume, VolumeDriver } from '../ports/volume-driver.ts';

interface Destination {
  readonly driver: VolumeDriver;
  readonly carrier: VolumeCarrier;
}

/** Makes volumes, parents first, of the layers in a checked export. */
export async function importVolumes(
  { driver, carrier }: Destination,
  volumes: readonly Volume[],
  { file, members }: Pick<CheckedExport, 'members'> & { readonly file: string },
): Promise<void> {
  const byName = new Map(members.map((member) => [member.name, member]));
  for (const volume of volumes) {
    const { id, kind } = volume;
    await driver.create({ ...volume, kind: kind === 'view' ? 'view' : 'active' });
    if (kind === 'view') continue;
    const member = byName.get(volumeMember(id));
    if (member === undefined) throw damaged(file, `the layer of snapshot ${id} is not in it`);
    await carrier.fill(volume, (directory) =>
      unpackVolume((args, streams) => runCommand('tar', args, streams), readMember(file, member), directory),
    );
    if (kind !== 'committed') continue;
    await driver.freeze(volume);
    await driver.dropActive(volume);
  }
}

/** Deletes all volumes below a root that no store was ever served from. */
export async function purgeAll(driver: VolumeDriver, root: string): Promise<void> {
  const directory = join(root, 'snapshots');
  for (const name of existsSync(directory) ? readdirSync(directory) : []) await driver.purge(Number(name));
}
