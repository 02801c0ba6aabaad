import { accessSync, constants, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as either from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { decodeWith } from '../../../../events/codecs.ts';
import { isErrno } from '../../../ports/errno.ts';
import { Fault, faultOf, isFull } from '../../../ports/fault.ts';
import { makeDirectories, replaceFile } from '../files.ts';
import { type RootStage, stageOf } from './root-stage.ts';

const Identity = t.intersection(
  [t.type({ store: t.string, driver: t.string }), t.partial({ log: t.string })],
  'Identity',
);

/**
 * The content of ROOT/store: which store a root belongs to, and which driver created it. If the log is kept in a cluster, `log`
 * is its connection string.
 */
export type Identity = t.TypeOf<typeof Identity>;

/** Creates the root (0700) if it is missing. Throws a Fault for a directory that can't be a root. */
export function prepareRoot(root: string): void {
  try {
    makeDirectories(root, 0o700);
  } catch (error) {
    if (isErrno(error, 'EEXIST', 'ENOTDIR')) throw misuse(`root ${root}: is not a directory`, 'name a directory');
    throw faultOf(error, `root ${root}`, 'make the directory writable, or choose another root');
  }
  if (!statSync(root).isDirectory()) throw misuse(`root ${root}: is not a directory`, 'name a directory');
  try {
    accessSync(root, constants.W_OK);
  } catch (error) {
    // A file system that is read-only now may be read-write when a service manager starts the daemon again.
    if (isErrno(error, 'EROFS')) throw faultOf(error, `root ${root}`);
    throw new Fault('misuse', `root ${root}: can't be written to: ${(error as Error).message}`, {
      hint: 'run as root, or choose another root',
      cause: error,
    });
  }
  refuseForeign(root);
}

/** The directory that an import works in: while it exists, the root holds an incomplete store. */
export const importing = 'importing';

/** Throws a Fault (`missing`) if a root holds no store, neither an identity nor a log, or one (`corrupt`) if that can't be read. */
export function expectStore(root: string): void {
  if (readIdentity(root) !== undefined || hasLog(root)) return;
  throw new Fault('missing', `root ${root}: holds no store, and creating one is not allowed`, {
    hint: 'its disk may not be mounted yet; before the first start, create the store: snapledger init',
  });
}

/** In another snapshotter's directory, or a root whose log is gone, everything would count as an orphan. */
function refuseForeign(root: string): void {
  if (existsSync(join(root, importing)))
    throw new Fault('corrupt', `root ${root}: an import into it is under way, or was interrupted`, {
      hint: 'run the same command again (`snapledger import`, or `takeover --from`): it starts over',
    });
  refuseContainerds(root);
  if (hasLog(root) || readIdentity(root)?.log !== undefined) return;
  if (existsSync(join(root, 'store')) || filesIn(join(root, 'snapshots')).length > 0)
    throw new Fault('corrupt', `root ${root}: holds a store, but its log is gone`, {
      hint: `bring back ${join(root, 'log')} from a backup, or choose an empty root`,
    });
}

function refuseContainerds(root: string): void {
  const stage = stageOf(root);
  switch (stage) {
    case 'containerd':
    case 'takeover-undecided':
      throw misuse(
        `root ${root}: holds metadata.db, so it belongs to one of containerd's own snapshotters`,
        `choose an empty root, or take this one over: snapledger takeover --root ${root}`,
      );
    case 'two stores':
      throw twoStores(root);
    case 'takeover-decided':
    case 'giveback-undecided':
    case 'giveback-decided':
      throw interrupted(root, stage);
  }
}

/** The fault for a root with a store of snapledger's and a database of containerd's own snapshotter. */
export const twoStores = (root: string): Fault =>
  misuse(
    `root ${root}: holds a store of snapledger, and metadata.db of one of containerd's own snapshotters`,
    `stop containerd and see which one is in use: containerd makes metadata.db anew if its own snapshotter is not disabled. Move the other's files away: metadata.db, or log and store`,
  );

/** The fault for a root that is neither containerd's nor snapledger's until a command is run again. */
export function interrupted(root: string, stage: RootStage): Fault {
  const [command] = stage.split('-');
  return new Fault('corrupt', `root ${root}: a ${command} of it was interrupted`, {
    hint: `run it again before containerd starts: snapledger ${command} --root ${root}`,
  });
}

const hasLog = (root: string) => filesIn(join(root, 'log')).some((name) => name.endsWith('.log'));

const filesIn = (directory: string) => (existsSync(directory) ? readdirSync(directory) : []);

/** The identity of a root, or undefined for a new one. Throws a Fault (`corrupt`). */
export function readIdentity(root: string): Identity | undefined {
  const file = join(root, 'store');
  if (!existsSync(file)) return undefined;
  let parsed: unknown;
  try {
    parsed = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw damaged(file, (error as Error).message);
  }
  const decoded = decodeWith(Identity, parsed);
  if (either.isLeft(decoded)) throw damaged(file, decoded.left);
  return decoded.right;
}

/** Writes the identity durably. */
export function writeIdentity(root: string, identity: Identity): Promise<void> {
  const text = `${JSON.stringify(Identity.encode(identity))}\n`;
  return replaceFile(join(root, 'store'), (handle) => handle.writeFile(text));
}

/** The process that holds the root: the content of ROOT/lock. */
export interface Holder {
  readonly pid: number;
  readonly address: string;
  readonly http: string;
  readonly since: string;
}

/** Writes the holder into the lock file for others to read, unless the disk is full: the lock holds without it. */
export function writeHolder(root: string, holder: Holder): void {
  try {
    writeFileSync(join(root, 'lock'), `${JSON.stringify(holder)}\n`);
  } catch (error) {
    if (!isFull(error)) throw faultOf(error, `root ${root}: lock`);
  }
}

/** The fault for a root that another daemon holds. It names that daemon. */
export function heldBy(root: string): Fault {
  const text = readFileSync(join(root, 'lock'), 'utf8').trim();
  const holder = text === '' ? 'another process' : text;
  return new Fault('busy', `root ${root}: is in use by ${holder}`, {
    hint: 'stop that daemon, or choose another root',
  });
}

const misuse = (message: string, hint: string) => new Fault('misuse', message, { hint });

const damaged = (file: string, why: string) =>
  new Fault('corrupt', `${file}: ${why}`, {
    hint: 'the first line of each segment in the log directory names the store; write the file again from there',
  });
