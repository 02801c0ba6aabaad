import { accessSync, constants, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { prepareRoot, readIdentity } from '../../adapters/system/root/root-directory.ts';
import { createSystem } from '../../adapters/system/system.ts';
import { askDaemon, holderOf } from '../../cli/ask-daemon.ts';
import { createDriver } from '../../compose/drivers.ts';
import { storeFiles } from '../../compose/store-files.ts';
import type { Config } from '../../config/config.ts';
import { noFailpoints } from '../../ports/failpoints.ts';
import { Fault, faultOf } from '../../ports/fault.ts';
import type { DoctorFacts, Failure, Unavailable } from '../../ports/machine-facts.ts';
import { withRootLock } from '../stopped-store.ts';
import { factsOf, failureOf, nearestExisting } from './observe.ts';

/** The store of a root, and the newest event of its log. */
export async function storeFacts(root: string): Promise<Exclude<DoctorFacts['store'], Unavailable>> {
  if (!existsSync(root)) return undefined;
  accessSync(root, constants.R_OK | constants.X_OK);
  let driver: string | undefined;
  try {
    driver = readIdentity(root)?.driver;
    return driver === undefined ? undefined : { driver, newest: await newestOf(root) };
  } catch (error) {
    return { driver, failure: failureOf(error) };
  }
}

/** The time of the newest event. */
async function newestOf(root: string): Promise<bigint | undefined> {
  const log = await storeFiles(root).openLog();
  try {
    let newest: bigint | undefined;
    for await (const envelopes of log.read(log.end.position - 1)) newest = envelopes.at(-1)?.time;
    return newest;
  } finally {
    await log.close();
  }
}

/** The process that holds the root's lock. */
export async function runningDaemon(root: string) {
  if (!existsSync(root)) return undefined;
  accessSync(root, constants.R_OK | constants.X_OK);
  const file = join(root, 'lock');
  const lock = existsSync(file) ? await createSystem().lock(file) : undefined;
  await lock?.release();
  const holder = existsSync(file) && lock === undefined ? holderOf(root) : undefined;
  if (holder === undefined) return undefined;
  const [ready, metrics] = await Promise.all(['/readyz', '/metrics'].map((path) => ask(holder.http, path)));
  return {
    process: factsOf(holder.pid, root),
    address: holder.address,
    ready: ready && { status: ready.status, text: ready.body.trim() },
    version: /^snapledger_build_info\{version="([^"]*)"/m.exec(metrics?.body ?? '')?.[1],
  };
}

/** An answer of the daemon; undefined if it gives none within 10 s. The request is ended then: an open one would keep this process alive. */
const ask = (socket: string, path: string) =>
  askDaemon(socket, 'GET', path, AbortSignal.timeout(10_000)).catch(() => undefined);

/**
 * Opens the driver as a start does and closes it: on a store's root under its lock, otherwise in a directory that is deleted then.
 * Resolves with what fails.
 */
export async function tryDriver(config: Config, running: boolean): Promise<Failure | undefined> {
  if (running) return undefined;
  if (process.geteuid?.() !== 0) throw new Fault('unsupported', 'mounts need root', { hint: 'run as root' });
  const { root } = config;
  try {
    if (existsSync(root)) prepareRoot(root);
    if (existsSync(join(root, 'store'))) await withRootLock(root, undefined, () => open(config));
    else await openBeside(config);
    return undefined;
  } catch (error) {
    return failureOf(faultOf(error, `root ${root}`));
  }
}

async function open(config: Config): Promise<void> {
  const driver = await createDriver(config, { system: createSystem(), failpoint: noFailpoints });
  await driver.close();
}

/** On the file system of the root, in a directory that is deleted then; errors name the root. */
async function openBeside(config: Config): Promise<void> {
  const scratch = mkdtempSync(join(nearestExisting(config.root), '.snapledger-doctor-'));
  try {
    await open({ ...config, root: scratch });
  } catch (error) {
    const { code, message, hint } = faultOf(error, scratch);
    throw new Fault(code, message.replaceAll(scratch, config.root), { hint: hint.replaceAll(scratch, config.root) });
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
