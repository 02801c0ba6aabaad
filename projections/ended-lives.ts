import { glance } from '../events/glance.ts';
import type { State } from './state.ts';

/**
 * Lives of snapshots that have ended and left no trace in the state: a replay of a whole log need not fold their events. Is
 * told of all events by their encoded envelopes, in order, and then asked.
 */
export interface EndedLives {
  /** Takes note of an event, and answers with the number of the snapshot it is of, 0 for none. */
  note(text: string): number;
  /** Whether the snapshot's life is such a one. To be asked when all events were noted. */
  skips(id: number): boolean;
  /** The state after all noted events, from that after those which were not skipped; `position` is that of the last one. */
  complete(state: State, position: number): State;
}

/**
 * How far a life has come. What is `odd` did not go the one way on which nothing is left, as far as is known here, and is
 * folded; so is everything where a type is not known.
 */
const stages = {
  none: 0,
  prepared: 1,
  /** events after the first speak of it */
  told: 2,
  retained: 3,
  doomed: 4,
  /** as doomed, after its retention ended */
  given: 5,
  ended: 6,
  endedAfterRetention: 7,
  odd: 8,
} as const;
type Stage = (typeof stages)[keyof typeof stages];

const { none, prepared, told, retained, doomed, given, ended, endedAfterRetention, odd } = stages;

/** Where an event takes a life, by the stage that finds it. Other stages make it odd. */
type Step = Readonly<Partial<Record<Stage, Stage>>>;

const telling: Step = { [prepared]: told, [told]: told };
/** of a retained layer as well */
const tellingOfLayer: Step = { ...telling, [retained]: retained };
const removing: Step = { [prepared]: doomed, [told]: doomed };
const retaining: Step = { [prepared]: retained, [told]: retained };
const releasing: Step = { [retained]: given };

const steps: ReadonlyMap<string, Step> = new Map([
  ['SnapshotPrepared.v1', { [none]: prepared }],
  // A measured usage would stay.
  ['PrepareUndone.v1', { [prepared]: doomed }],
  ['SnapshotCommitted.v1', telling],
  ['SnapshotCommitted.v2', telling],
  ['SnapshotUpdated.v1', telling],
  ['CommitUndone.v1', telling],
  ['VolumeRemade.v1', telling],
  ['UsageMeasured.v1', tellingOfLayer],
  ['VolumeFlushed.v1', tellingOfLayer],
  ['SnapshotRemoved.v1', removing],
  ['SnapshotRemoved.v2', removing],
  ['RetentionEnded.v1', releasing],
  ['VolumePurged.v1', { [doomed]: ended, [given]: endedAfterRetention }],
  ['SnapshotRestored.v1', {}],
  ['VolumeLost.v1', {}],
]);

/** Events that are of no life, and whose data do not begin with a number. */
const others: ReadonlySet<string> = new Set([
  'StoreCreated.v1',
  'StoreOpened.v1',
  'StoreClosed.v1',
  'StoreImported.v1',
  'LogRepaired.v1',
  'ContainerdObserved.v1',
  'ContainerdWatchChanged.v1',
  'OrphanQuarantined.v1',
  'OrphanPurged.v1',
]);

/** Numbers beyond this are not followed, so that a table by number stays small: their lives are folded. */
const mostNumbers = 1 << 26;

export function createEndedLives(): EndedLives {
  let table = new Uint8Array(1 << 12);
  let lastId = 0;
  let unclear = false;
  let restored = false;
  /** numbers of the retained, the oldest removal first */
  const waiting = new Set<number>();

  const stageOf = (id: number): Stage => {
    if (id < table.length) return table[id] as Stage;
    return id < mostNumbers ? none : odd;
  };
  const put = (id: number, stage: Stage) => {
    if (id >= mostNumbers) return;
    if (id >= table.length) {
      const larger = new Uint8Array(Math.max(id + 1, table.length * 2));
      larger.set(table);
      table = larger;
    }
    table[id] = stage;
  };
  const stepOf = (type: string, text: string): Step | undefined =>
    type === 'SnapshotRemoved.v2' && text.includes('"retained":true') ? retaining : steps.get(type);
  const move = (id: number, step: Step) => {
    const next = step[stageOf(id)] ?? odd;
    if (step === retaining) waiting.add(id);
    // An older one that is retained may be offered for the same as this one: which is last then depends on all.
    const early = next === given && waiting.values().next().value !== id;
    if (step === releasing) waiting.delete(id);
    put(id, early ? odd : next);
  };
  return {
    note: (text) => {
      const { type, id } = glance(text);
      const step = stepOf(type, text);
      if (step === undefined) unclear ||= id > 0 || !others.has(type);
      else if (id === 0) unclear = true;
      else move(id, step);
      if (type === 'SnapshotPrepared.v1' && id > lastId) lastId = id;
      restored ||= type === 'SnapshotRestored.v1';
      return id;
    },
    skips: (id) => {
      if (unclear) return false;
      const stage = stageOf(id);
      // What was brought back stays offered, unless a later one for the same was retained after it.
      return stage === ended || (stage === endedAfterRetention && !restored);
    },
    complete: (state, position) => ({
      ...state,
      position,
      life: { ...state.life, lastId: Math.max(state.life.lastId, lastId) },
    }),
  };
}
