import { createReadStream, createWriteStream, existsSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { isCheckpointName, positionOf } from '../adapters/checkpoint-store/checkpoint-file.ts';
import { logFiles } from '../adapters/event-log/file/log-files.ts';
import { type Contents, type LeftOut, leftOutOf, volumeMember } from '../adapters/store-export/contents.ts';
import { packVolume } from '../adapters/store-export/volume-tar.ts';
import { type ExportWriter, writeExport } from '../adapters/store-export/write-export.ts';
import { heldBy, type Identity, readIdentity } from '../adapters/system/root/root-directory.ts';
import { runCommand } from '../adapters/system/run-command.ts';
import { createSystem } from '../adapters/system/system.ts';
import { stateOfStore } from '../app/audit/state-at.ts';
import { volumesInOrder } from '../app/store/volume-of.ts';
import { openCarrier } from '../compose/drivers.ts';
import { storeFiles } from '../compose/store-files.ts';
import { Fault, faultCode, faultOf } from '../ports/fault.ts';
import type { Lock } from '../ports/system.ts';

/** An export that was written or read. */
export interface Transfer extends Contents {
  readonly file: string;
  readonly root: string;
  /** 0 for one that was read */
  readonly bytes: number;
  /** what of the layers is not in it */
  readonly leftOut: readonly LeftOut[];
}

/**
 * Writes a store as one file: its log and checkpoints, and with `volumes` the layers that the log asks for. Without them a
 * daemon may be at work: what its log holds at the beginning is exported. Rejects with a Fault: `busy` for layers while a
 * daemon runs, `misuse` where the file exists, `corrupt` where a layer is missing, `unsupported` for one that no import could make. What fails leaves no file.
 */
export async function exportStore(root: string, file: string, volumes: boolean): Promise<Transfer> {
  const { lock, held } = await takeLock(root);
  const unfinished = `${file}.new`;
  try {
    if (!held && volumes) throw inUse(root);
    if (existsSync(file)) throw new Fault('misuse', `${file}: is there already`, { hint: 'name a new file' });
    rmSync(unfinished, { force: true });
    const written = await writeAll(root, unfinished, volumes);
    renameSync(unfinished, file);
    return { ...written, file, root };
  } catch (error) {
    rmSync(unfinished, { force: true });
    throw faultOf(error, `export ${file}`);
  } finally {
    await lock?.release();
  }
}

/** A root that is read-only and has no lock file can't be served: nothing needs to be kept out. */
async function takeLock(root: string): Promise<{ readonly lock: Lock | undefined; readonly held: boolean }> {
  try {
    const lock = await createSystem().lock(join(root, 'lock'));
    return { lock, held: lock !== undefined };
  } catch (error) {
    if (faultCode(error) !== 'read-only') throw error;
    return { lock: undefined, held: true };
  }
}

const inUse = (root: string) =>
  new Fault('busy', heldBy(root).message, {
    hint: 'stop that daemon, or export the log alone, without --volumes: that can be done meanwhile',
  });

async function writeAll(root: string, file: string, volumes: boolean): Promise<Omit<Transfer, 'file' | 'root'>> {
  const identity = identityOf(root);
  const carrier = volumes ? openCarrier(root, identity.driver) : undefined;
  const writer = await writeExport(file);
  try {
    await writer.add('store', copied(join(root, 'store'), statSync(join(root, 'store')).size));
    const position = await addLog(writer, root);
    for (const volume of carrier === undefined ? [] : volumesInOrder(await stateOfStore(storeFiles(root))))
      if (volume.kind !== 'view')
        await carrier?.pack(volume, (entries) =>
          writer.add(volumeMember(volume.id), (end) =>
            packVolume((args, streams) => runCommand('tar', args, streams), entries, end),
          ),
        );
    const { store, driver } = identity;
    const contents = { store, driver, position, volumes };
    return { ...contents, bytes: await writer.finish(contents), leftOut: leftOutOf(writer.members) };
  } finally {
    await writer.close();
  }
}

function identityOf(root: string): Identity {
  const identity = readIdentity(root);
  if (identity === undefined)
    throw new Fault('misuse', `root ${root}: was never served`, { hint: 'start the daemon on it once' });
  if (identity.log === undefined) return identity;
  throw new Fault('unsupported', `root ${root}: its log is kept in a cluster`, {
    hint: 'a copy of the root, and the same log.url, make the same store elsewhere',
  });
}

/** Later checkpoints than the log that is exported would show that something of it is missing. */
async function addLog(writer: ExportWriter, root: string): Promise<number> {
  const { position, files } = await logFiles(join(root, 'log'));
  for (const { name, bytes } of files) await writer.add(join('log', name), copied(join(root, 'log', name), bytes));
  for (const path of checkpointsUpTo(root, position)) {
    const size = statSync(path, { throwIfNoEntry: false })?.size;
    // A daemon at work deletes older ones; each of them can be done without.
    if (size !== undefined) await writer.add(join('checkpoints', basename(path)), copied(path, size));
  }
  return position;
}

function checkpointsUpTo(root: string, position: number): readonly string[] {
  const directory = join(root, 'checkpoints');
  if (!existsSync(directory)) return [];
  const whole = readdirSync(directory).filter((name) => isCheckpointName(name) && positionOf(name) <= position);
  return whole.sort().map((name) => join(directory, name));
}

const copied = (path: string, bytes: number) => async (end: string) => {
  if (bytes > 0) await pipeline(createReadStream(path, { end: bytes - 1 }), createWriteStream(end, { flags: 'a' }));
  return { sockets: undefined };
};
