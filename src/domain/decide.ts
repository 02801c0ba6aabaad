import * as either from 'fp-ts/lib/Either.js';
import type { Event } from '../../events/registry.ts';
import { namespaceOf, type Snapshot } from '../../projections/snapshot.ts';
import type { State } from '../../projections/state.ts';
import { adoptable, restoration } from './adoption.ts';
import { type Answer, type Command, type Commit, type Prepare, type Remove, refuse, type Update } from './commands.ts';
import { applyMask, changesOf, checkKey, checkLabels, withoutEmpty } from './labels.ts';
import { keepingStaged, labelsOfNew, stagedFrom } from './staging.ts';

/** What the operator and the driver allow. */
export interface Rules {
  /** views must have a parent (the API's origin; containerd itself does not ask for it) */
  readonly viewsNeedParent: boolean;
  /** a commit may give a parentless active its parent (containerd 2.2 "rebase") */
  readonly rebase: boolean;
  /** a retained layer may be restored on another parent of the same content */
  readonly reparent: boolean;
  /** a layer's data is on stable storage before its commit is recorded */
  readonly flushed: boolean;
  /** removed layers stay on disk and can be restored, by a Prepare that asks for one too */
  readonly retain: boolean;
  /** namespaces that get no layers that are here, because their clients need what containerd does not fetch then; default: none */
  readonly neverAdopt?: readonly string[];
}

/** What follows from a command: the events to record, and the answer that counts when they are on stable storage. */
export interface Decision {
  readonly events: readonly Event[];
  readonly answer: Answer<void>;
  /** id of the committed layer that a Prepare is answered with, instead of a new snapshot: it must be verified first */
  readonly adopts?: number;
  /** id of the layer whose content the new snapshot is to have: it must be copied first */
  readonly stages?: number;
}

/**
 * Decides what a command does to a state: its events, or the refusal that containerd expects. Pure: the same state and command always
 * have the same decision. The checks are in the order in which containerd's own drivers make them.
 */
export function decide(state: State, command: Command, rules: Rules): Decision {
  const adoption = command.type === 'Prepare' ? adopt(state, command, rules) : undefined;
  if (adoption !== undefined) return adoption;
  const event = eventOf(state, command, rules);
  if (either.isLeft(event)) return { events: [], answer: event };
  const stages = stagedFrom(event.right);
  return { events: [event.right], answer: either.right(undefined), ...(stages !== undefined && { stages }) };
}

function eventOf(state: State, command: Command, rules: Rules): Answer<Event> {
  switch (command.type) {
    case 'Prepare':
      return prepare(state, command, rules);
    case 'Commit':
      return commit(state, command, rules);
    case 'Remove':
      return remove(state, command, rules);
    case 'Update':
      return update(state, command);
  }
}

/** The existing snapshot with a key or name, or the refusal that says there is none. */
export function find(state: State, key: string): Answer<Snapshot> {
  const snapshot = state.index.get(key);
  return snapshot === undefined ? refuse('not-found', `snapshot ${key}: not found`) : either.right(snapshot);
}

const reuses = ({ key }: Prepare, { neverAdopt = [] }: Rules): boolean => !neverAdopt.includes(namespaceOf(key));

/** A layer that exists already is restored if it is retained, and the Prepare refused: containerd then adopts the layer. */
function adopt(state: State, command: Prepare, rules: Rules): Decision | undefined {
  if (!rules.retain || command.adopt === false || !reuses(command, rules)) return undefined;
  const found = adoptable(state, command, rules);
  if (found === undefined) return undefined;
  const { retained, snapshot, place } = found;
  const answer = refuse('already-exists', `snapshot ${snapshot.key}: exists already, and can be adopted`);
  const events = retained === undefined ? [] : [restoration(retained, `adopted, in place of ${command.key}`, place)];
  return { events, answer, adopts: snapshot.id };
}

function prepare(state: State, command: Prepare, rules: Rules): Answer<Event> {
  const { key, kind, parent } = command;
  const bad = checkKey(key, 'key') ?? checkLabels(command.labels);
  if (bad !== undefined) return either.left(bad);
  if (parent === '' && kind === 'view' && rules.viewsNeedParent)
    return refuse('invalid-argument', `view ${key}: a parent is required (views_need_parent is set)`);
  const base = parent === '' ? undefined : state.index.get(parent);
  if (parent !== '' && base === undefined) return refuse('not-found', `parent snapshot ${parent}: not found`);
  if (base !== undefined && base.kind !== 'committed')
    return refuse('invalid-argument', `parent ${parent}: is ${base.kind}, only a committed snapshot can be a parent`);
  if (state.index.has(key)) return refuse('already-exists', `snapshot ${key}: already exists`);
  const id = state.storeInfo.lastId + 1;
  const labels = labelsOfNew(state, command, reuses(command, rules));
  return either.right({
    type: 'SnapshotPrepared',
    data: { id, key, kind, parent, parentId: base?.id ?? null, labels },
  });
}

function commit(state: State, command: Commit, rules: Rules): Answer<Event> {
  const { key, name } = command;
  const bad = checkKey(key, 'key') ?? checkKey(name, 'name') ?? checkLabels(command.labels);
  if (bad !== undefined) return either.left(bad);
  const active = state.index.get(key);
  if (active === undefined) return refuse('not-found', `snapshot ${key}: not found`);
  if (state.index.has(name)) return refuse('already-exists', `snapshot ${name}: already exists`);
  if (active.kind !== 'active') return refuse('failed-precondition', `snapshot ${key}: is ${active.kind}, not active`);
  const base = baseOf(state, command, active, rules);
  if (either.isLeft(base)) return base;
  const { parent, parentId } = base.right;
  const data = {
    id: active.id,
    key,
    name,
    parent,
    parentId,
    labels: withoutEmpty(command.labels),
    flushed: rules.flushed || command.empty !== undefined,
    ...(command.empty && { empty: command.empty }),
  };
  return either.right({ type: 'SnapshotCommitted', data });
}

type Base = Pick<Snapshot, 'parent' | 'parentId'>;

/** The parent that the committed snapshot will have: the active's own, or for a parentless one that of a rebase. */
function baseOf(state: State, { key, parent }: Commit, active: Snapshot, rules: Rules): Answer<Base> {
  if (parent === '' || parent === active.parent) return either.right(active);
  if (active.parent !== '')
    return refuse('invalid-argument', `snapshot ${key}: its parent is ${active.parent}, not ${parent}`);
  if (!rules.rebase)
    return refuse(
      'unimplemented',
      `snapshot ${key}: can't get its parent at commit here: take "rebase" out of the plugin's capabilities in containerd's configuration`,
    );
  const base = state.index.get(parent);
  if (base === undefined) return refuse('not-found', `parent snapshot ${parent}: not found`);
  if (base.kind !== 'committed')
    return refuse('failed-precondition', `parent ${parent}: is ${base.kind}, not committed`);
  return either.right({ parent, parentId: base.id });
}

function remove(state: State, { key }: Remove, { retain }: Rules): Answer<Event> {
  const bad = checkKey(key, 'key');
  if (bad !== undefined) return either.left(bad);
  const found = find(state, key);
  if (either.isLeft(found)) return found;
  const children = state.parentGraph.get(found.right.id)?.children ?? 0;
  if (children > 0) return refuse('failed-precondition', `cannot remove snapshot with child: ${key} has ${children}`);
  const retained = retain && found.right.kind === 'committed';
  return either.right({ type: 'SnapshotRemoved', data: { ...found.right, retained } });
}

function update(state: State, { key, labels, mask }: Update): Answer<Event> {
  const bad = checkKey(key, 'name');
  if (bad !== undefined) return either.left(bad);
  const found = find(state, key);
  if (either.isLeft(found)) return found;
  const { id, labels: before } = found.right;
  const asked = applyMask(before, labels, mask);
  if (either.isLeft(asked)) return asked;
  const after = keepingStaged(before, asked.right);
  const wrong = checkLabels(after, before);
  if (wrong !== undefined) return either.left(wrong);
  return either.right({ type: 'SnapshotUpdated', data: { id, key, ...changesOf(before, after) } });
}
