import { setImmediate as yieldToLoop } from 'node:timers/promises';
import { either } from 'fp-ts';
import type { Snapshot } from '../../projections/snapshot.ts';
import type { Snapshots } from '../../src/app/store/store.ts';
import type { Answer, Command } from '../../src/domain/commands.ts';
import { Fault } from '../../src/ports/fault.ts';
import type { Entry } from '../support/linearizable.ts';
import { type MemoryStore, openMemoryStore } from '../support/memory-store.ts';
import { type NaiveSnapshot, type NaiveStore, naively } from '../support/naive-model.ts';
import { createRandom, type Random } from '../torture/random.ts';

/** The store for the clients of a history: the real one, or one with a deliberate error. */
export type Serve = (store: MemoryStore) => Snapshots;

const actor = { actor: 'containerd' };
const keys = ['a', 'b', 'c'] as const;
const clients = 4;
const callsEach = 5;

/** Runs clients against a store in memory whose flushes and operations are slow and fail now and then. */
export async function runHistory(seed: number, serve: Serve): Promise<readonly Entry<NaiveStore>[]> {
  const random = createRandom(seed);
  let troubled = true;
  const trouble = async (what: () => Fault) => {
    for (let turns = random.whole(0, 4); troubled && turns > 0; turns--) await yieldToLoop();
    if (troubled && random.chance(0.08)) throw what();
  };
  const store = await openMemoryStore({
    flush: () => trouble(() => new Fault('no-space', 'the log is full', { hint: '' })),
    before: (operation) => (operation === 'scan' ? undefined : trouble(() => new Fault('io', 'EIO', { hint: '' }))),
  }).catch(() => undefined);
  // The opening itself has failed: nothing to check with this seed.
  if (store === undefined) return [];
  const recorder = createRecorder();
  const snapshots = serve(store);
  await Promise.all(Array.from({ length: clients }, () => runClient(snapshots, random.split(), recorder)));
  troubled = false;
  await store.close('history ends');
  return recorder.entries;
}

/** Assigns every start and end of a call its place in time. */
function createRecorder() {
  const entries: Entry<NaiveStore>[] = [];
  let now = 0;
  return {
    entries,
    record: async <T>(call: () => Promise<T>, explain: (outcome: T | Fault) => Explanation) => {
      now += 1;
      const invoked = now;
      const outcome = await call().catch((error) => {
        if (error instanceof Fault) return error;
        throw error;
      });
      now += 1;
      const { effects, undone } = explain(outcome);
      const at = entries.push({ invoked, answered: now, effects }) - 1;
      if (undone !== undefined)
        entries.push({ invoked, answered: Number.POSITIVE_INFINITY, effects: undone, after: at, optional: true });
    },
  };
}

interface Explanation {
  readonly effects: Entry<NaiveStore>['effects'];
  /** its eventual rollback */
  readonly undone?: Entry<NaiveStore>['effects'];
}

async function runClient(snapshots: Snapshots, random: Random, { record }: ReturnType<typeof createRecorder>) {
  for (let n = 0; n < callsEach; n++) {
    for (let turns = random.whole(0, 3); turns > 0; turns--) await yieldToLoop();
    const key = random.pick(keys);
    if (random.chance(0.25))
      await record(
        async () => snapshots.stat(key),
        (found) => explainStat(key, found),
      );
    else if (random.chance(0.15)) await record(async () => snapshots.list([]), explainList);
    else {
      const command = inventCommand(random, key);
      await record(
        () => send(snapshots, command),
        (outcome) => explainCommand(command, outcome),
      );
    }
  }
}

function inventCommand(random: Random, key: string): Command {
  const labels = { n: String(random.whole(0, 9)) };
  const parent = random.pick(['', '', ...keys]);
  switch (random.pick(['Prepare', 'Prepare', 'Commit', 'Remove', 'Update'] as const)) {
    case 'Prepare':
      return { type: 'Prepare', key, parent, kind: random.pick(['active', 'active', 'view'] as const), labels };
    case 'Commit':
      return { type: 'Commit', key, name: random.pick(keys), parent: '', labels };
    case 'Remove':
      return { type: 'Remove', key };
    case 'Update':
      return { type: 'Update', key, labels, mask: [] };
  }
}

function send(snapshots: Snapshots, command: Command): Promise<Answer<unknown>> {
  switch (command.type) {
    case 'Prepare':
      return snapshots.prepare(command, actor);
    case 'Commit':
      return snapshots.commit(command, actor);
    case 'Remove':
      return snapshots.remove(command, actor);
    case 'Update':
      return snapshots.update(command, actor);
  }
}

const untouched = (state: NaiveStore) => [state];

/** A fault means that nothing has changed. A prepare that the driver failed may be visible until it is undone. */
function explainCommand(command: Command, outcome: Answer<unknown> | Fault): Explanation {
  if (!(outcome instanceof Fault)) {
    const code = either.isLeft(outcome) ? outcome.left.code : 'ok';
    return {
      effects: (state) => {
        const { store, answer } = naively(state, command);
        return answer === code ? [store] : [];
      },
    };
  }
  if (command.type !== 'Prepare' || outcome.code !== 'io') return { effects: untouched };
  const { key } = command;
  const without = (state: NaiveStore) => state.filter((snapshot) => snapshot.key !== key);
  return {
    effects: (state) => [state, naively(state, command).store],
    undone: (state) => [without(state)],
  };
}

const shown = ({ key, kind, parent, labels }: NaiveSnapshot | Snapshot) => `${key} ${kind} ${parent} ${labels.n ?? ''}`;
/** Equal states have equal names, in any order of their changes. */
export const nameOfState = (state: Iterable<NaiveSnapshot | Snapshot>) => [...state].map(shown).sort().join(';');

function explainStat(key: string, found: Answer<Snapshot> | Fault): Explanation {
  if (found instanceof Fault) return { effects: untouched };
  const seen = either.isRight(found) ? shown(found.right) : 'nothing';
  return {
    effects: (state) => {
      const snapshot = state.find((one) => one.key === key);
      return (snapshot === undefined ? 'nothing' : shown(snapshot)) === seen ? [state] : [];
    },
  };
}

function explainList(listed: Answer<Iterable<Snapshot>> | Fault): Explanation {
  if (listed instanceof Fault || either.isLeft(listed)) return { effects: untouched };
  const seen = nameOfState(listed.right);
  return { effects: (state) => (nameOfState(state) === seen ? [state] : []) };
}
