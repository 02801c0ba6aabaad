import * as either from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { nanosecondsOf } from '../../../../events/codecs.ts';
import { quickDecoder } from '../../../../events/quick-decoder.ts';
import { fromRows, storeRow } from '../../../../projections/checkpoint-rows.ts';
import { emptyState, evolve, type MutableState } from '../../../../projections/state.ts';
import { Fault } from '../../../ports/fault.ts';
import type { FleetIncident, FleetSnapshot, FleetStore, KeptEvent } from '../../../ports/fleet-database.ts';
import type { FleetEvent, HistoryStarts, StoreStops, UnknownEvent } from '../../../ports/fleet-source.ts';
import type { Draft } from './draft.ts';
import { createImageDrafts, type ImageDrafts } from './images.ts';
import { incidentOf, rolledBack, stopped } from './incidents.ts';
import { createSnapshotDrafts } from './snapshots.ts';
import { createUsageDrafts, Levels, totalOf, type UsageDraft } from './usage.ts';

/** What a batch says of one store. */
export interface StoreItems {
  /** the last history that starts in the batch: what came before it is left out */
  readonly starts: HistoryStarts | undefined;
  /** how many histories start in it */
  readonly lineages: number;
  readonly items: readonly (FleetEvent | UnknownEvent | StoreStops)[];
}

/** What that leads to. */
export interface StoreChange {
  /** To be called when the rows of `usage` are complete. */
  store(): FleetStore;
  readonly snapshots: readonly FleetSnapshot[];
  readonly incidents: readonly FleetIncident[];
  readonly usage: readonly UsageDraft[];
  readonly images: ImageDrafts;
  readonly kept: readonly KeptEvent[];
}

const decodeFold = quickDecoder(t.type({ store: t.unknown, usage: Levels }));

interface StoreInput extends StoreItems {
  readonly name: string;
  /** the store as it was indexed */
  readonly before: FleetStore | undefined;
  /** the snapshots that the batch names, as far as they are known */
  readonly rows: readonly FleetSnapshot[];
  /** nanoseconds since 1970 UTC */
  readonly now: bigint;
}

/** Folds what a batch says of one store. Throws a Fault (`corrupt`) if the index holds something else than what was written into it. */
export function foldStore({ name, starts, lineages, items, before, rows, now }: StoreInput): StoreChange {
  const known = starts === undefined ? before : undefined;
  const store: Draft<FleetStore> = { ...(known ?? newStore(name, starts)), lineage: (before?.lineage ?? 0) + lineages };
  const { state, levels } = loaded(known, rows);
  const snapshots = createSnapshotDrafts(name, state, rows);
  const usage = createUsageDrafts(name, levels);
  const images = createImageDrafts(name);
  const incidents: FleetIncident[] = [];
  const kept: KeptEvent[] = [];
  if (starts?.replaces !== undefined) incidents.push(rolledBack(name, starts.first, now, starts.replaces));
  let last: FleetEvent | UnknownEvent | undefined;
  for (const item of items) {
    if (item.kind === 'stops') {
      if (last !== undefined) applyHead(store, state, last);
      last = undefined;
      const { message, hint } = item.fault;
      Object.assign(store, { fault: message, hint, head: { ...store.head, stopped: true } });
      incidents.push(stopped(name, store.head.position, now, item.fault));
      continue;
    }
    if (item.kind === 'event') {
      const incident = incidentOf(name, item.envelope, state.storeInfo);
      if (incident !== undefined) incidents.push(incident);
      evolve(state, item.envelope);
      usage.fold(item.envelope, snapshots.fold(item.envelope));
      images.fold(item.envelope.event);
      const { type, data } = item.envelope.event;
      if (type === 'StoreCreated' || type === 'StoreOpened') store.version = data.version;
    } else {
      state.position = Number(item.wire.position);
      store.unknown += 1;
      kept.push(keptOf(name, item));
    }
    last = item;
  }
  if (last !== undefined) applyHead(store, state, last);
  applyInfo(store, state);
  const changed = { snapshots: snapshots.changed(), usage: usage.changed() };
  const row = storeRow(state);
  return {
    ...{ incidents, kept, images, ...changed },
    store: () => ({ ...store, fold: JSON.stringify({ store: row, usage: usage.levels() }) }),
  };
}

const newStore = (store: string, starts: HistoryStarts | undefined): FleetStore => ({
  store,
  node: '',
  driver: '',
  version: '',
  kernel: '',
  fileSystem: '',
  rootBytes: null,
  root: '',
  open: false,
  lineage: 0,
  first: starts?.first ?? 1,
  head: { position: (starts?.first ?? 1) - 1, chainHash: '', stopped: false },
  lastEvent: null,
  lastRecorded: null,
  unknown: 0,
  fault: '',
  hint: '',
  fold: null,
});

function loaded(
  known: FleetStore | undefined,
  rows: readonly FleetSnapshot[],
): { state: MutableState; levels: Levels } {
  if (known === undefined || known.fold === null) return { state: emptyState(), levels: [] };
  const fold = decodeFold(JSON.parse(known.fold));
  if (either.isLeft(fold)) throw damaged(known.store, fold.left);
  const state = fromRows(withFolds(fold.right.store, rows));
  if (either.isLeft(state)) throw damaged(known.store, state.left);
  return { state: state.right, levels: fold.right.usage };
}

interface Content {
  readonly snapshots: number;
  readonly bytes: number;
}

const contents = new WeakMap<FleetStore, Content>();

/** Existing snapshots of a store and their measured bytes. */
export function contentOf(store: FleetStore): Content {
  const content = contents.get(store) ?? readContent(store);
  contents.set(store, content);
  return content;
}

function readContent({ fold }: FleetStore): Content {
  const decoded = decodeFold(fold === null ? null : JSON.parse(fold));
  return totalOf(either.isRight(decoded) ? decoded.right.usage : []);
}

function* withFolds(store: unknown, rows: readonly FleetSnapshot[]): Iterable<unknown> {
  yield store;
  for (const { fold } of rows) if (fold !== null) yield* JSON.parse(fold) as readonly unknown[];
}

const damaged = (store: string, what: string) =>
  new Fault('corrupt', `the index of store ${store}: ${what}`, {
    hint: 'the database was changed by another program: build it anew with `snapledger fleet index --rebuild`',
  });

function applyHead(store: Draft<FleetStore>, { position }: MutableState, item: FleetEvent | UnknownEvent): void {
  const time = item.kind === 'event' ? item.envelope.time : nanosecondsOf(item.wire.time);
  store.head = { position, chainHash: item.chainHash, stopped: false };
  store.lastEvent = time ?? store.lastEvent;
  store.lastRecorded = BigInt(item.recorded) * 1_000_000n;
}

/** Earlier releases recorded no node: the host's name stands for it then. */
function applyInfo(store: Draft<FleetStore>, { storeInfo: { driver, root, node, open } }: MutableState): void {
  Object.assign(store, { driver, open });
  if (root !== null) Object.assign(store, { node: root.host, root: root.path });
  if (node === undefined) return;
  const { name, kernel, fileSystem, bytes: rootBytes } = node;
  Object.assign(store, { node: name, kernel, fileSystem, rootBytes });
}

function keptOf(store: string, { wire }: UnknownEvent): KeptEvent {
  return { store, position: Number(wire.position), type: wire.type, wire: JSON.stringify(wire) };
}
