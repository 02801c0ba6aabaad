import { cpSync, existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Envelope } from '../../events/envelope.ts';
import { emptyState, evolve, type State } from '../../projections/state.ts';
import { pathOf, snapshotWith } from '../../src/app/store/volume-of.ts';
import type { RepairReport } from '../../src/cli/store-reports.ts';
import { cliDeps } from '../../src/compose/cli-deps.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { silent } from '../../src/ports/logger.ts';
import type { Mount } from '../../src/ports/volume-driver.ts';
import type { Sandbox } from '../support/sandbox.ts';
import type { SnapshotsClient } from '../support/snapshots-client.ts';
import { createServing, type Serving } from './serving.ts';

/** The maximum of a snapshot: their event fills the smallest segment, and the next event starts a new one. */
const manyLabels = Object.fromEntries(Array.from({ length: 16 }, (_, n) => [`large-${n}`, 'x'.repeat(4000)]));

export const settings = '[log]\nsegment_bytes = "64KiB"\narchive = false\n[checkpoint]\nevery = 8\n';

const upperOf = ([mount]: readonly Mount[]): string =>
  mount?.type === 'bind'
    ? mount.source
    : (mount?.options.find((one) => one.startsWith('upperdir='))?.slice('upperdir='.length) ?? '');

/** Prepares an active and writes a file into it. */
export async function prepareWritten(client: SnapshotsClient, key: string, parent = ''): Promise<void> {
  const mounts = await client.prepare(key, { parent });
  writeFileSync(join(upperOf(mounts), 'file'), `content of ${key}`);
}

async function makeLayer(client: SnapshotsClient, name: string, parent: string): Promise<void> {
  await prepareWritten(client, `extract ${name}`, parent);
  await client.commit(name, `extract ${name}`);
}

/** A store filled by a daemon in two sessions, closed cleanly: four segments, two checkpoints, removals at both ends. */
export async function fillStore(sandbox: Sandbox, root: string): Promise<Serving> {
  const serving = createServing(sandbox, { driver: 'overlay', root, settings });
  const first = await serving.start();
  const client = serving.connect();
  await makeLayer(client, 'base', '');
  await prepareWritten(client, 'short-lived', 'base');
  await client.remove('short-lived');
  await client.prepare('large', { parent: 'base', labels: manyLabels });
  await makeLayer(client, 'middle', 'base');
  await client.cleanup();
  await first.stop();
  const second = await serving.start();
  const next = serving.connect();
  await makeLayer(next, 'top', 'middle');
  await next.prepare('larger', { labels: manyLabels });
  await prepareWritten(next, 'container', 'top');
  await next.view('look', { parent: 'top' });
  await next.remove('large');
  await next.cleanup();
  await prepareWritten(next, 'last', 'top');
  await second.stop();
  return serving;
}

/** A fresh copy of a root. */
export function copyRoot(from: string, to: string, checkpoints: boolean): string {
  rmSync(to, { recursive: true, force: true });
  cpSync(from, to, { recursive: true });
  rmSync(join(to, 'lock'), { force: true });
  if (!checkpoints) rmSync(join(to, 'checkpoints'), { recursive: true, force: true });
  return to;
}

export const segmentsOf = (root: string): readonly string[] =>
  readdirSync(join(root, 'log'))
    .filter((name) => /^\d{20}\.log$/.test(name))
    .sort();

/** All events of a root's log. */
export async function envelopesOf(root: string): Promise<readonly Envelope[]> {
  const log = await cliDeps.storeFiles(root).openLog();
  const all: Envelope[] = [];
  for await (const batch of log.read(0)) all.push(...batch);
  await log.close();
  return all;
}

/** Opens a store as a start of the daemon does, including recovery, and closes it. */
export async function startAndStop(root: string): Promise<void> {
  await cliDeps.reconcileStopped(loadConfig({ file: undefined, flags: { root, driver: 'overlay' } }), silent);
}

/**
 * The keys that must live after a repair and a start: by the events before the position at which the log was truncated, but for what
 * has no volume any more. A checkpoint stands for what was left out: nothing of that is missing.
 */
export function survivors(
  whole: readonly Envelope[],
  { losses }: Pick<RepairReport, 'losses'>,
  root: string,
): readonly string[] {
  const cut = losses.find(({ done }) => done === 'truncated');
  const kept = whole.filter(({ position }) => cut === undefined || position < cut.first);
  const state = kept.reduce(evolve, emptyState());
  return [...state.index.values()]
    .filter(({ id }) => stands(state, id, root))
    .map(({ key }) => key)
    .sort();
}

function stands(state: State, id: number, root: string): boolean {
  const snapshot = snapshotWith(state, id);
  if (snapshot === undefined) return false;
  if (snapshot.kind !== 'view' && !existsSync(join(root, pathOf(id), 'fs'))) return false;
  return snapshot.parentId === null || stands(state, snapshot.parentId, root);
}
