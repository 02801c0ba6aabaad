import { createWriteStream, existsSync, mkdirSync, readdirSync, renameSync, rmdirSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createFileCheckpointStore } from '../adapters/checkpoint-store/file-checkpoint-store.ts';
import { openFileEventLog } from '../adapters/event-log/file/file-event-log.ts';
import { damaged, leftOutOf, volumeMember } from '../adapters/store-export/contents.ts';
import { type CheckedExport, checkExport, readMember } from '../adapters/store-export/read-export.ts';
import { unpackVolume } from '../adapters/store-export/volume-tar.ts';
import { writeInPlace } from '../adapters/system/commands.ts';
import { importing, writeIdentity } from '../adapters/system/root-directory.ts';
import { runCommand } from '../adapters/system/run-command.ts';
import { createSystem } from '../adapters/system/system.ts';
import { operatorActor } from '../app/actors.ts';
import { loadState } from '../app/recovery/load-state.ts';
import { stampEvents } from '../app/store/journal.ts';
import { volumesInOrder } from '../app/store/volume-of.ts';
import { createDriver, openCarrier } from '../compose/drivers.ts';
import type { DriverName } from '../config/config.ts';
import { isErrno } from '../ports/errno.ts';
import type { EventLog } from '../ports/event-log.ts';
import { noFailpoints } from '../ports/failpoints.ts';
import { Fault, faultOf } from '../ports/fault.ts';
import type { VolumeCarrier } from '../ports/layers.ts';
import { silent } from '../ports/logger.ts';
import type { Volume, VolumeDriver } from '../ports/volume-driver.ts';
import type { Transfer } from './export-store.ts';
import { withRootLock } from './stopped-store.ts';

const system = createSystem();

/**
 * Makes a store of an export in a root that is empty or not there yet, with another driver where one is named, and records in
 * its log that it did. An export that is cut or changed is refused (`corrupt`) before anything is made; what fails later leaves
 * the root empty. Until all of it is on stable storage the root holds `importing`, with the log in it, and nothing serves it.
 */
export async function importStore(root: string, file: string, name?: string): Promise<Transfer> {
  const contents = await checkExport(file);
  const path = resolve(root);
  if (Buffer.byteLength(path) > longestRoot)
    throw new Fault('misuse', `root ${path}: is longer than ${longestRoot} bytes`, {
      hint: 'name a shorter root: the kernel limits paths to 4096 bytes, and layers need the rest',
    });
  const driver = driverNamed(name ?? contents.driver);
  refuseFilled(path);
  mkdirSync(path, { recursive: true, mode: 0o700 });
  return withRootLock(path, undefined, async () => {
    try {
      refuseFilled(path);
      await importInto(path, { ...contents, file }, driver);
      const { store, position, volumes } = contents;
      return { store, driver, position, volumes, file, root: path, bytes: 0, leftOut: leftOutOf(contents.members) };
    } catch (error) {
      throw faultOf(error, `import ${file}`);
    }
  });
}

/** Bytes of a root's path; what a layer's paths may have is `refuseTooLong`'s. */
const longestRoot = 500;

function driverNamed(name: string): DriverName {
  if (name === 'overlay' || name === 'btrfs' || name === 'memory') return name;
  throw new Fault('misuse', `import: there is no driver ${name}`, { hint: 'name overlay or btrfs with --driver' });
}

/** An import that was interrupted is begun anew. */
function refuseFilled(path: string): void {
  const names = namesIn(path);
  if (names.includes(importing) || names.every((name) => name === 'lock')) return;
  throw new Fault('misuse', `root ${path}: is not empty`, { hint: 'import into a new root' });
}

function namesIn(path: string): readonly string[] {
  try {
    return readdirSync(path);
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return [];
    throw faultOf(error, `root ${path}`);
  }
}

type Source = CheckedExport & { readonly file: string };

async function importInto(root: string, source: Source, name: DriverName): Promise<void> {
  mkdirSync(join(root, importing), { recursive: true, mode: 0o700 });
  let driver: VolumeDriver | undefined;
  try {
    driver = await createDriver({ driver: name, root, overlay: {} }, { system, failpoint: noFailpoints });
    await removeMade(root, driver);
    await importAll(root, source, driver);
  } catch (error) {
    // What this can't delete, the next attempt does.
    await empty(root, driver).catch(() => {});
    throw error;
  } finally {
    await driver?.close();
  }
}

/** Removes what an import has made; `importing` stays. */
async function removeMade(root: string, driver: VolumeDriver): Promise<void> {
  await purgeAll(driver, root);
  const made = namesIn(join(root, importing)).map((name) => join(importing, name));
  for (const name of ['log', 'checkpoints', 'store', 'carried', ...made])
    rmSync(join(root, name), { recursive: true, force: true });
}

async function empty(root: string, driver: VolumeDriver | undefined): Promise<void> {
  if (driver !== undefined) await removeMade(root, driver);
  const others = namesIn(root).filter((name) => name !== importing);
  for (const name of [...others, importing]) rmSync(join(root, name), { recursive: true, force: true });
}

async function importAll(root: string, source: Source, driver: VolumeDriver): Promise<void> {
  const place = join(root, importing);
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
  await putInPlace(root, { store: source.store, driver: driver.name });
}

const ours = /^(log|checkpoints)(\/[A-Za-z0-9_-][A-Za-z0-9._-]*)+$/;

async function unpackFiles(place: string, { file, members }: Source): Promise<void> {
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

/** From the moment that `importing` is gone the root is served. */
async function putInPlace(root: string, identity: { readonly store: string; readonly driver: string }): Promise<void> {
  const place = join(root, importing);
  for (const directory of ['checkpoints', 'log']) renameSync(join(place, directory), join(root, directory));
  await writeIdentity(root, identity);
  await system.syncFileSystem(root);
  rmdirSync(place);
  await system.syncFileSystem(root);
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

/** Deletes all volumes below a root that no store was ever served from. */
async function purgeAll(driver: VolumeDriver, root: string): Promise<void> {
  const directory = join(root, 'snapshots');
  for (const name of existsSync(directory) ? readdirSync(directory) : []) await driver.purge(Number(name));
}
