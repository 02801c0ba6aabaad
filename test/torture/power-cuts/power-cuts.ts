import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Mount } from '../../../src/ports/volume-driver.ts';
import { collectGarbage } from '../../fault/collect-garbage.ts';
import type { DriverUnderTest } from '../../fault/drivers.ts';
import { type Daemon, startDaemon } from '../../support/daemon.ts';
import type { Sandbox } from '../../support/sandbox.ts';
import type { Server } from '../../support/server.ts';
import { CallFailure, connectSnapshots, type SnapshotsClient } from '../../support/snapshots-client.ts';
import { type Flaw, flawIn, inventFiles, type KnownFile, writeFiles } from '../content.ts';
import { createRandom, type Random } from '../random.ts';
import type { Disk } from './disk.ts';

/** The effects of power cuts on layers whose commit was acknowledged. */
export interface Damage {
  readonly cuts: number;
  /** acknowledged commits */
  layers: number;
  /** layers that the server reports as missing */
  lost: number;
  /** corrupt layers that the server serves without an error, by the flaw of their first wrong file */
  readonly broken: Record<Flaw, number>;
  /** the same, with the files' names */
  readonly texts: string[];
  /** layers that the server has, but of which it cannot create a view */
  refused: number;
  /** power cuts after which no new snapshot could be created, or garbage collection did not finish */
  wedged: number;
}

export interface PowerCuts {
  readonly sandbox: Sandbox;
  readonly disk: Disk;
  readonly server: Server;
  readonly driver: Pick<DriverUnderTest, 'upper'>;
  readonly cuts: number;
  readonly seed: number;
  /** every power cut gets a new store, so that earlier damage does not count again */
  readonly apart?: boolean;
}

/** A layer whose commit was acknowledged. */
interface Layer {
  readonly name: string;
  readonly files: readonly KnownFile[];
  /** the directory they were written to */
  upper: string;
}

const writersAtOnce = 4;
/** milliseconds of work before a cut, at most */
const longestLoad = 3000;

/**
 * Cuts the power under writers that commit layers one after the other, and compares every acknowledged layer when the server
 * is there again, which is then the next cut's victim. In the end all is collected, as containerd would.
 */
export async function cutPower(context: PowerCuts): Promise<Damage> {
  const { sandbox, disk, server, driver, cuts, seed, apart = false } = context;
  const random = createRandom(seed);
  const damage = noDamage(cuts);
  const address = join(sandbox.path, 'power.sock');
  const rootOf = (cut: number) => (apart ? `${disk.root}-${cut}` : disk.root);
  const start = async (cut: number, boot: number) => {
    // A killed server leaves its socket, which not every server replaces.
    await rm(address, { force: true });
    return startDaemon({
      command: server.command(rootOf(cut), address),
      address,
      log: join(sandbox.path, 'power.log'),
      env: { SNAPLEDGER_BOOT_ID: `boot ${boot}` },
      sandbox,
    });
  };
  let standing: Daemon | undefined;
  for (let cut = 1; cut <= cuts; cut++) {
    const daemon = standing ?? (await start(cut, cut));
    const root = rootOf(cut);
    const layers = await writeUntilCut(context, { daemon, root, address, cut, random });
    await disk.restore?.();
    standing = await start(cut, cut + 1);
    const client = connectSnapshots(address);
    for (const layer of layers) note(damage, layer, await judge(driver, root, client, layer));
    if (!(await isAlive(client, apart || cut === cuts))) damage.wedged += 1;
    client.close();
    if (!apart && cut < cuts) continue;
    await standing.stop();
    standing = undefined;
  }
  return damage;
}

const noDamage = (cuts: number): Damage => ({
  cuts,
  layers: 0,
  lost: 0,
  broken: { missing: 0, short: 0, different: 0 },
  texts: [],
  refused: 0,
  wedged: 0,
});

/** Whether a snapshot can be created and removed; at the end, whether everything can be removed. */
async function isAlive(client: SnapshotsClient, atEnd: boolean): Promise<boolean> {
  try {
    await client.prepare('probe');
    await client.remove('probe');
    if (atEnd) await collectGarbage(client);
    return true;
  } catch (error) {
    if (error instanceof CallFailure) return false;
    throw error;
  }
}

interface Cutting {
  readonly daemon: Daemon;
  readonly root: string;
  readonly address: string;
  readonly cut: number;
  readonly random: Random;
}

/** Returns the layers that were acknowledged before the cut. */
async function writeUntilCut({ disk, driver }: PowerCuts, { daemon, root, address, cut, random }: Cutting) {
  const layers: Layer[] = [];
  const clients = Array.from({ length: writersAtOnce }, () => connectSnapshots(address));
  // Connects before the load starts; the answer does not matter.
  await Promise.all(clients.map((client) => client.stat('nobody').catch(() => {})));
  const writing = clients.map((client, n) =>
    commitLayers({ client, random: random.split(), name: `cut ${cut} writer ${n}`, layers }, (mounts) =>
      driver.upper(root, mounts),
    ),
  );
  // Counted in commits, so that two compared servers have as much to lose.
  const wanted = random.whole(2, 16);
  for (const end = performance.now() + longestLoad; layers.length < wanted && performance.now() < end; ) await pause(2);
  await pause(random.whole(0, 30));
  process.kill(daemon.pid, 'SIGSTOP');
  disk.cut?.(random.chance(0.5));
  await daemon.kill();
  await Promise.all(writing);
  for (const client of clients) client.close();
  return layers;
}

interface Committing {
  readonly client: SnapshotsClient;
  readonly random: Random;
  readonly name: string;
  /** acknowledged layers are added here */
  readonly layers: Layer[];
}

/** Commits layer after layer until the daemon stops answering. */
async function commitLayers(
  { client, random, name, layers }: Committing,
  upper: (mounts: readonly Mount[]) => Promise<string>,
): Promise<void> {
  let parent = '';
  for (let n = 0; ; n++) {
    const layer: Layer = { name: `${name} layer ${n}`, files: inventFiles(random, `${name} ${n}`), upper: '' };
    try {
      const mounts = await client.prepare(`${layer.name} active`, { parent });
      layer.upper = await upper(mounts);
      writeFiles(layer.upper, layer.files);
      await client.commit(layer.name, `${layer.name} active`);
    } catch {
      // A writer sees the cut as an error of the server, or of the file system itself.
      return;
    }
    layers.push(layer);
    parent = random.chance(0.3) ? '' : layer.name;
  }
}

interface Verdict {
  readonly lost?: true;
  readonly refused?: true;
  readonly flaw?: ReturnType<typeof flawIn>;
}

/** What the server shows of a layer; if it cannot create a view, the directory that the layer was written to. */
async function judge(
  driver: PowerCuts['driver'],
  root: string,
  client: SnapshotsClient,
  { name, files, upper }: Layer,
): Promise<Verdict> {
  const key = `${name} look`;
  try {
    const flaw = flawIn(await shown(root, driver, await client.view(key, { parent: name })), files);
    await client.remove(key);
    return { flaw };
  } catch (error) {
    if (!(error instanceof CallFailure)) throw error;
    return error.code === 'NOT_FOUND' ? { lost: true } : { refused: true, flaw: flawIn(upper, files) };
  }
}

/** The directory of the topmost layer in a view's mounts. */
async function shown(root: string, driver: PowerCuts['driver'], mounts: readonly Mount[]): Promise<string> {
  const lower = mounts[0]?.options.find((option) => option.startsWith('lowerdir='));
  if (lower === undefined) return driver.upper(root, mounts);
  return lower.slice('lowerdir='.length).split(':')[0] ?? '';
}

function note(damage: Damage, { name }: Layer, { lost, refused, flaw }: Verdict): void {
  damage.layers += 1;
  if (lost === true) damage.lost += 1;
  if (refused === true) damage.refused += 1;
  if (flaw === undefined) return;
  damage.broken[flaw.flaw] += 1;
  damage.texts.push(`${name}: ${flaw.file} is ${flaw.flaw}`);
}
