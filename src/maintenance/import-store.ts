import { createWriteStream, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createFileCheckpointStore } from '../adapters/checkpoint-store/file-checkpoint-store.ts';
import { openFileEventLog } from '../adapters/event-log/file/file-event-log.ts';
import { damaged, leftOutOf, volumeMember } from '../adapters/store-export/contents.ts';
import { type CheckedExport, checkExport, readMember } from '../adapters/store-export/read-export.ts';
import { unpackVolume } from '../adapters/store-export/volume-tar.ts';
import { writeInPlace } from '../adapters/system/commands.ts';
import { runCommand } from '../adapters/system/run-command.ts';
import { createSystem } from '../adapters/system/system.ts';
import { operatorActor } from '../app/actors.ts';
import { loadState } from '../app/recovery/load-state.ts';
import { stampEvents } from '../app/store/journal.ts';
import { volumesInOrder } from '../app/store/volume-of.ts';
import { openCarrier } from '../compose/drivers.ts';
import type { DriverName } from '../config/config.ts';
import type { EventLog } from '../ports/event-log.ts';
import { Fault, faultOf } from '../ports/fault.ts';
import type { VolumeCarrier } from '../ports/layers.ts';
import { silent } from '../ports/logger.ts';
import type { Volume, VolumeDriver } from '../ports/volume-driver.ts';
import type { Transfer } from './export-store.ts';
import { buildStore, newRoot } from './new-root.ts';

const system = createSystem();

/**
 * Makes a store of an export in a root that is empty or not there yet, with another driver where one is named, and records in
 * its log that it did. An export that is cut or changed is refused (`corrupt`) before anything is made; what fails later leaves
 * the root empty. Until all of it is on stable storage the root holds `importing`, with the log in it, and nothing serves it.
 */
export async function importStore(root: string, file: string, name?: string): Promise<Transfer> {
  const contents = await checkExport(file);
  const path = newRoot(root);
  const driver = driverNamed(name ?? contents.driver);
  const source = { ...contents, file };
  try {
    await buildStore(path, { driver, build: (made, place) => importAll(path, place, source, made) });
  } catch (error) {
    throw faultOf(error, `import ${file}`);
  }
  const { store, position, volumes } = contents;
  return { store, driver, position, volumes, file, root: path, bytes: 0, leftOut: leftOutOf(contents.members) };
}

export function driverNamed(name: string): DriverName {
  if (name === 'overlay' || name === 'btrfs' || name === 'memory') return name;
  throw new Fault('misuse', `import: there is no driver ${name}`, { hint: 'name overlay or btrfs with --driver' });
}

type Source = CheckedExport & { readonly file: string };

async function importAll(root: string, place: string, source: Source, driver: VolumeDriver): Promise<string> {
  for (const directory of ['log', 'checkpoints']) mkdirSync(join(place, directory), { recursive: true, mode: 0o700 });
  writeInPlace(join(place, 'log'));
  await unpackFiles(place, source);
  const { log } = await openFileEventLog({
    directory: join(place, 'log'),
    store: source.store,
    preallocate: system.preallocate,
  });
  try {
    if (log.end.position !== source.position)
      throw damaged(source.file, `its log ends at position ${log.end.position}, not ${source.position}`);
    const checkpoints = createFileCheckpointStore({
      directory: join(place, 'checkpoints'),
      bases: join(place, 'log'),
    });
    const { state } = await loadState(log, checkpoints, silent);
    if (source.volumes) {
      const carrier = openCarrier(root, driver.name);
      await importVolumes(driver, carrier, volumesInOrder(state), source);
    }
    await system.syncFileSystem(root);
    await record(log, source, driver.name);
  } finally {
    await log.close();
  }
  return source.store;
}

const ours = /^(log|checkpoints)(\/[A-Za-z0-9_-][A-Za-z0-9._-]*)+$/;

/** Writes the log and the checkpoints of a checked export below a directory. */
export async function unpackFiles(place: string, { file, members }: Pick<Source, 'file' | 'members'>): Promise<void> {
  for (const member of members) {
    if (!ours.test(member.name)) continue;
    const path = join(place, member.name);
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    await pipeline(readMember(file, member), createWriteStream(path, { mode: 0o600 }));
  }
}

async function record(log: EventLog, { store, driver: from, position, volumes }: Source, driver: string) {
  const imported = { type: 'StoreImported', data: { from, driver, position, volumes } } as const;
  await log.append(stampEvents([imported], { store, after: position, clock: system.now, actor: operatorActor }), {
    reserve: true,
    flush: 'now',
  });
}

/** Makes volumes, parents first, of the layers in a checked export. */
async function importVolumes(
  driver: VolumeDriver,
  carrier: VolumeCarrier,
  volumes: readonly Volume[],
  { file, members }: Pick<CheckedExport, 'members'> & { readonly file: string },
): Promise<void> {
  const byName = new Map(members.map((member) => [member.name, member]));
  for (const volume of volumes) {
    const { id, kind } = volume;
    await driver.create({ ...volume, kind: kind === 'view' ? 'view' : 'active', staged: false });
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
