import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { openFileEventLog } from './adapters/event-log/file/open-file-event-log.ts';
import { readLogDirectory } from './adapters/event-log/file/read-log-directory.ts';
import { heldBy, readIdentity, writeIdentity } from './adapters/root/root-directory.ts';
import { type Contents, checkExport, seal as sealExport } from './adapters/store-export/trailer.ts';
import { createSystem } from './adapters/system/create-system.ts';
import { runCommand } from './adapters/system/run-command.ts';
import { operatorActor } from './app/actors.ts';
import { seal } from './app/sealing.ts';
import { Fault, faultOf } from './ports/fault.ts';

/** An export that was written or read. */
export interface Transfer extends Contents {
  readonly file: string;
  readonly root: string;
  readonly bytes: number;
}

/** Owners, modes, times, hard links, holes and all extended attributes, as overlay's whiteouts and marks need them. */
const faithful = ['--xattrs', '--xattrs-include=*', '--acls', '--numeric-owner', '--sparse'];

/**
 * Writes a stopped store as one file: its log and checkpoints, and with `volumes` its layers. Rejects with a Fault: `busy`
 * while a daemon runs, `misuse` where the file exists. What fails leaves no file.
 */
export async function exportStore(root: string, file: string, volumes: boolean): Promise<Transfer> {
  const lock = await createSystem().lock(join(root, 'lock'));
  if (lock === undefined) throw heldBy(root);
  const unfinished = `${file}.new`;
  try {
    if (existsSync(file)) throw new Fault('misuse', `${file}: is there already`, { hint: 'name a new file' });
    const contents = await contentsOf(root, volumes);
    const members = ['store', 'log', 'checkpoints', ...(volumes ? ['snapshots', 'empty'] : [])];
    const present = members.filter((name) => existsSync(join(root, name)));
    await tar(['--create', '--file', unfinished, '--directory', root, ...present], `export ${file}`);
    const bytes = await sealExport(unfinished, contents);
    renameSync(unfinished, file);
    return { ...contents, file, root, bytes };
  } catch (error) {
    rmSync(unfinished, { force: true });
    throw faultOf(error, `export ${file}`);
  } finally {
    await lock.release();
  }
}

async function contentsOf(root: string, volumes: boolean): Promise<Contents> {
  const identity = readIdentity(root);
  if (identity === undefined)
    throw new Fault('misuse', `root ${root}: was never served`, { hint: 'start the daemon on it once' });
  if (volumes && identity.driver !== 'overlay')
    throw new Fault('unsupported', `the layers of the driver ${identity.driver} can't be exported`, {
      hint: 'export without --volumes, and move the layers by a snapshot of the whole file system (btrfs send)',
    });
  const log = await readLogDirectory(join(root, 'log'));
  return { ...identity, position: log.end.position, volumes };
}

/**
 * Makes a store of an export in a root that is empty or not there yet, and records in its log that it did. An export that is
 * cut or changed is refused (`corrupt`) before anything is made; what fails later leaves the root empty.
 */
export async function importStore(root: string, file: string): Promise<Transfer> {
  const contents = await checkExport(file);
  const path = resolve(root);
  if (existsSync(path) && readdirSync(path).length > 0)
    throw new Fault('misuse', `root ${path}: is not empty`, { hint: 'import into a new root' });
  mkdirSync(path, { recursive: true, mode: 0o700 });
  try {
    await tar(
      ['--extract', '--file', resolve(file), '--directory', path, '--same-owner', '--preserve-permissions'],
      `import ${file}`,
    );
    await recordImport(path, contents);
    return { ...contents, file, root: path, bytes: 0 };
  } catch (error) {
    for (const name of readdirSync(path)) rmSync(join(path, name), { recursive: true, force: true });
    throw faultOf(error, `import ${file}`);
  }
}

async function recordImport(root: string, { store, driver, position, volumes }: Contents): Promise<void> {
  const { preallocate, now: clock } = createSystem();
  const { log } = await openFileEventLog({ directory: join(root, 'log'), store, preallocate });
  try {
    if (log.end.position !== position)
      throw new Fault('corrupt', `the log in it ends at position ${log.end.position}, not ${position}`, {
        hint: 'take another copy of the export',
      });
    const imported = { type: 'StoreImported', data: { from: driver, driver, position, volumes } } as const;
    await log.append(seal([imported], { store, after: position, clock, actor: operatorActor }), {
      room: 'reserved',
      flush: 'now',
    });
  } finally {
    await log.close();
  }
  await writeIdentity(root, { store, driver });
}

async function tar(args: readonly string[], what: string): Promise<void> {
  const { status, errors } = await runCommand('tar', [...faithful, ...args]);
  if (status !== 0)
    throw new Fault('io', `${what}: tar: ${errors.trim()}`, { hint: 'look at the disk, and run as root' });
}
