import { existsSync, rmSync, statSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import type { Envelope } from '../../../../../events/envelope.ts';
import type { Event, EventOf } from '../../../../../events/registry.ts';
import { Fault, faultOf } from '../../../../ports/fault.ts';
import { syncDirectory } from '../../../system/files.ts';
import { goneFrom, readMoved } from '../archive/moved.ts';
import type { Base } from '../format/header.ts';
import { bodyOf, chainLines, encodeBatch } from '../format/line.ts';
import { segmentNames } from '../format/segment.ts';
import { baseName, digestOf } from '../verify/check-seams.ts';
import type { KnownState } from './bridge.ts';
import { asideName, finish, type Intent, keepAside, rollBack, unfinishedRepair } from './keep-aside.ts';
import { type Loss, lossText, planRepair, type RepairPlan } from './plan-repair.ts';
import { changedNames, isUnchanged, type RepairedSegment, repairedSegments, writeParts } from './repaired-segments.ts';
import { scanLog } from './scan-log.ts';

export interface RepairOptions {
  /** The log is `root/log`. The caller holds the store's lock. */
  readonly root: string;
  readonly store: string;
  /** Intact checkpoints of this store, read after an interrupted repair was rolled back. */
  readonly states: () => Promise<readonly KnownState[]>;
  /** Puts events into envelopes, with positions after `after`. */
  readonly stamp: (events: readonly Event[], after: number) => readonly Envelope[];
  readonly dryRun: boolean;
  /** Called before each step; what it throws interrupts the repair there. */
  readonly failpoint?: (step: RepairStep) => void;
}

type RepairStep = 'keep' | 'write' | 'remove' | 'finish';

export interface Repair {
  readonly losses: readonly (Loss & { readonly text: string })[];
  /** directory of the damaged originals, relative to the root; empty if there is nothing to repair */
  readonly kept: string;
  /** the files that are kept there, relative to the root */
  readonly changed: readonly string[];
  readonly lastId: number;
  /** an interrupted repair was found; it is rolled back first and done again */
  readonly again: boolean;
}

/**
 * Repairs a damaged log: damaged originals are kept aside whole, the rest is chained, and the last events record the
 * repair. It can be killed at any moment and run again, with the same result. Rejects with a Fault: `unsupported` if there is
 * something to repair and segments are archived.
 */
export async function repairLog(options: RepairOptions): Promise<Repair> {
  const { root, store, dryRun } = options;
  const directory = join(root, 'log');
  try {
    const again = unfinishedRepair(directory) !== undefined;
    const nothing = { losses: [], kept: '', changed: [], lastId: 0, again };
    if (again && dryRun) return nothing;
    await rollBack(root);
    refuseMoved(directory);
    const states = await options.states();
    const scan = await scanLog(directory, store, new Set(states.map(({ position }) => position)));
    const plan = planRepair(scan, states);
    if (plan === undefined) return nothing;
    refuseArchives(directory);
    const name = asideName(directory, plan.losses[0]?.first ?? 0);
    const work = prepare(plan, name, options);
    if (!dryRun) await perform(work, name, plan, options);
    const losses = plan.losses.map((loss) => ({ ...loss, text: lossText(loss) }));
    return { losses, kept: `log/${name}`, changed: work.intent.changed, lastId: plan.lastId, again };
  } catch (error) {
    throw faultOf(error, `repair of ${directory}`);
  }
}

/** A repair needs the moved archives too: the remaining log follows from them. */
function refuseMoved(directory: string): void {
  const gone = goneFrom(readMoved(directory));
  if (gone === undefined) return;
  throw new Fault('unsupported', `repair of ${directory}: ${gone.fault.message}`, {
    hint: 'bring them back before the repair: snapledger archive --bring-back DIR',
  });
}

/** Files are kept aside and compared under the names of segments. */
function refuseArchives(directory: string): void {
  if (segmentNames(directory).every((name) => existsSync(join(directory, name)))) return;
  throw new Fault('unsupported', `repair of ${directory}: some of its segments are archived`, {
    hint: `unpack them before the repair: gunzip ${directory}/*.log.gz`,
  });
}

interface Work {
  readonly segments: readonly RepairedSegment[];
  readonly intent: Intent;
}

function prepare(plan: RepairPlan, name: string, { root, stamp }: RepairOptions): Work {
  const { directory, bridge, end } = plan;
  const base = bridge === undefined ? undefined : baseOf(directory, bridge.base);
  const events = plan.losses.map((loss) => eventOf(loss, `log/${name}`, plan.lastId));
  const text = encodeBatch(chainLines(end.hash, stamp(events, end.position).map(bodyOf))).toString();
  const segments = repairedSegments(plan, base, text);
  const before = new Set(segmentNames(directory));
  const made = segments.map((segment) => segment.name).filter((segment) => !before.has(segment));
  const outdated = plan.outdated.map(({ path }) => relative(root, path));
  const changed = [...changedNames(segments, directory).map((segment) => `log/${segment}`), ...outdated];
  const bases = base === undefined || existsSync(baseFile(directory, base)) ? [] : [baseName(base.position)];
  return { segments, intent: { changed, made: [...made, ...bases].map((file) => `log/${file}`) } };
}

const baseFile = (directory: string, { position }: Pick<Base, 'position'>) => join(directory, baseName(position));

/** An earlier repair may have made a base of the same checkpoint. */
function baseOf(directory: string, { position, path }: KnownState): Base {
  const file = baseFile(directory, { position });
  return { position, sha256: digestOf(existsSync(file) ? file : path) };
}

function eventOf(loss: Loss, kept: string, lastId: number): EventOf<'LogRepaired'> {
  const { done, first, last, unreadable, records } = loss;
  const { file, offset, what } = loss.damage;
  const data = { file: basename(file), offset, what, done, first, last, readable: records.length, kept, lastId };
  return { type: 'LogRepaired', data: { ...data, unreadable } };
}

/** Everything is written from the originals that are kept aside before the first name in the log changes. */
async function perform(
  { segments, intent }: Work,
  name: string,
  { directory, bridge }: RepairPlan,
  { root, failpoint = () => {} }: RepairOptions,
): Promise<void> {
  failpoint('keep');
  const kept = await keepAside(root, name, intent);
  const changing = segments.filter((segment) => !isUnchanged(segment, directory));
  if (bridge !== undefined) await keepBase(directory, bridge.base);
  for (const { name: segment, parts } of changing) {
    failpoint('write');
    const originals = parts.map((part) =>
      typeof part === 'string' ? part : { ...part, file: join(kept, basename(part.file)) },
    );
    await writeParts(join(directory, segment), originals);
  }
  failpoint('remove');
  const remaining = new Set(segments.map((segment) => `log/${segment.name}`));
  for (const file of intent.changed) if (!remaining.has(file)) rmSync(join(root, file));
  await syncDirectory(directory);
  failpoint('finish');
  await finish(root, name);
}

async function keepBase(directory: string, { position, path }: KnownState): Promise<void> {
  const file = baseFile(directory, { position });
  if (!existsSync(file)) await writeParts(file, [{ file: path, from: 0, to: statSync(path).size }]);
}
