import { randomUUID } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { openFileEventLog } from '../adapters/event-log/file/file-event-log.ts';
import { openKurrentEventLog } from '../adapters/event-log/kurrentdb/open-kurrent-event-log.ts';
import { writeInPlace } from '../adapters/system/commands.ts';
import type { Identity } from '../adapters/system/root/root-directory.ts';
import type { Config } from '../config/config.ts';
import type { Ballast } from '../ports/disk-space.ts';
import type { EventLog } from '../ports/event-log.ts';
import { Fault } from '../ports/fault.ts';
import type { Tools } from './tools.ts';

/** The log of a root, open for writing. */
export interface OpenLog {
  readonly log: EventLog;
  /** id of the store */
  readonly store: string;
  /** the cluster that keeps the log, where it is not kept in the root */
  readonly url?: string;
}

export interface LogTools extends Tools {
  readonly ballast: Ballast | undefined;
}

/** Opens the log where the settings and the root say that it is kept. A root that was made with a log in files keeps it. */
export async function openLog(config: Config, identity: Identity | undefined, tools: LogTools): Promise<OpenLog> {
  const url = config.log.url ?? identity?.log;
  if (url === undefined) return openInRoot(config, identity, tools);
  if (identity !== undefined && identity.log === undefined)
    throw new Fault('misuse', `root ${config.root}: keeps its log in files, not in a cluster`, {
      hint: 'leave --log out, or choose an empty root; to have this log in a cluster as well, forward it: forward.url',
    });
  if (config.forward.url !== undefined)
    throw new Fault('misuse', `root ${config.root}: keeps its log in a cluster already`, {
      hint: 'leave forward.url out',
    });
  return { ...(await openInCluster(url, config.root, identity, tools)), url };
}

async function openInRoot(
  { root, log: { segmentBytes, reserveBytes } }: Config,
  identity: Identity | undefined,
  tools: LogTools,
): Promise<OpenLog> {
  const { system, metrics, logger, failpoint, ballast } = tools;
  const warn = (message: string) => logger.warn({}, message);
  const opening = await openFileEventLog({
    directory: join(root, 'log'),
    store: identity?.store ?? randomUUID(),
    preallocate: system.preallocate,
    writeInPlace,
    segmentBytes,
    reserveBytes,
    ballast,
    failpoint,
    onFlush: metrics.flushed,
    warn,
  });
  if (opening.torn !== null) logger.warn(opening.torn, 'a torn last record was cut off the log and kept beside it');
  if (identity === undefined || identity.store === opening.store) return opening;
  await opening.log.close();
  throw new Fault(
    'corrupt',
    `root ${root}: its log is of store ${opening.store}, the root belongs to ${identity.store}`,
    {
      hint: 'bring back the log that belongs to this root',
    },
  );
}

async function openInCluster(
  url: string,
  root: string,
  identity: Identity | undefined,
  { metrics, logger, ballast }: LogTools,
) {
  await ballast?.restore();
  const store = identity?.store ?? randomUUID();
  const { log } = await openKurrentEventLog({
    url,
    store,
    onFlush: metrics.flushed,
    onWait: ({ message, hint }) => logger.warn({ reason: message, hint }, 'waiting for the cluster'),
  });
  if (log.end.position > 0 || identity === undefined || !holdsSnapshots(root)) return { log, store };
  await log.close();
  throw new Fault('corrupt', `root ${root}: holds a store, but the cluster has no events of it (store ${store})`, {
    hint: 'name the cluster that keeps this log with --log, or bring it back from a backup',
  });
}

const holdsSnapshots = (root: string) => {
  const snapshots = join(root, 'snapshots');
  return existsSync(snapshots) && readdirSync(snapshots).length > 0;
};
