import { existsSync, mkdirSync, readdirSync, renameSync, rmdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { importing, writeIdentity } from '../adapters/system/root/root-directory.ts';
import { createSystem } from '../adapters/system/system.ts';
import { createDriver } from '../compose/drivers.ts';
import type { DriverName } from '../config/config.ts';
import { isErrno } from '../ports/errno.ts';
import { noFailpoints } from '../ports/failpoints.ts';
import { Fault, faultOf } from '../ports/fault.ts';
import type { VolumeDriver } from '../ports/volume-driver.ts';
import { withRootLock } from './stopped-store.ts';

const system = createSystem();

/** What a new store is made of. */
interface Building {
  readonly driver: DriverName;
  /** Makes the volumes, and the log in the directory `place`; resolves with the store's id. */
  build(driver: VolumeDriver, place: string): Promise<string>;
  /** Called when all is on stable storage, and nothing serves the root yet. */
  decide?(): Promise<void>;
}

/** Bytes of a root's path; what a layer's paths may have is `refuseTooLong`'s. */
const longestRoot = 500;

/** The path of a root that is empty, missing, or holds an interrupted import: that is begun anew. Throws a Fault (`misuse`). */
export function newRoot(root: string): string {
  const path = resolve(root);
  if (Buffer.byteLength(path) > longestRoot)
    throw new Fault('misuse', `root ${path}: is longer than ${longestRoot} bytes`, {
      hint: 'name a shorter root: the kernel limits paths to 4096 bytes, and layers need the rest',
    });
  refuseFilled(path);
  return path;
}

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

/**
 * Makes a store in a new root under its lock; what fails before `decide` leaves the root empty. Until all of it is on stable storage,
 * and `decide` has ended, the root holds `importing`, and nothing serves it. Rejects with a Fault, or what `build` rejects with.
 */
export async function buildStore(path: string, building: Building): Promise<void> {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  return withRootLock(path, undefined, async () => {
    refuseFilled(path);
    await buildIn(path, building);
    await building.decide?.();
    rmdirSync(join(path, importing));
    await system.syncFileSystem(path);
  });
}

async function buildIn(root: string, { driver: name, build }: Building): Promise<void> {
  const place = join(root, importing);
  mkdirSync(place, { recursive: true, mode: 0o700 });
  let driver: VolumeDriver | undefined;
  try {
    driver = await createDriver({ driver: name, root, overlay: {} }, { system, failpoint: noFailpoints });
    await removeMade(root, driver);
    const store = await build(driver, place);
    for (const directory of [...namesIn(place)].sort()) renameSync(join(place, directory), join(root, directory));
    await writeIdentity(root, { store, driver: driver.name });
    await system.syncFileSystem(root);
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

/** Deletes all volumes below a root that no store was ever served from. */
async function purgeAll(driver: VolumeDriver, root: string): Promise<void> {
  const directory = join(root, 'snapshots');
  for (const name of existsSync(directory) ? readdirSync(directory) : []) await driver.purge(Number(name));
}
