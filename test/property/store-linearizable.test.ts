import { either } from 'fp-ts';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Snapshots } from '../../src/app/store/store.ts';
import { find } from '../../src/domain/decide.ts';
import { isLinearizable } from '../support/linearizable.ts';
import type { NaiveStore } from '../support/naive-model.ts';
import { nameOfState, runHistory, type Serve } from './store-history.ts';

const test = suite('linearizable store');
const histories = 500;

const isExplained = async (seed: number, serve: Serve) =>
  isLinearizable<NaiveStore>(await runHistory(seed, serve), [], nameOfState);

const asItIs: Serve = ({ snapshots }) => snapshots;

test('concurrent histories have an order that the naive model explains', async () => {
  for (let seed = 1; seed <= histories; seed++)
    assert.ok(await isExplained(seed, asItIs), `no order explains the history of seed ${seed}`);
});

/** Deliberate errors that the check must detect. */
const wrongs: Readonly<Record<string, Serve>> = {
  'reads what is not yet durable': ({ snapshots, journal }) => ({
    ...snapshots,
    stat: (key) => find(journal.latest, key),
    list: () => either.right(journal.latest.index.values()),
  }),
  'reads what was true some calls ago': ({ snapshots, journal }) => {
    const { index } = journal.durable;
    let old = new Map(index);
    let reads = 0;
    return {
      ...snapshots,
      list: () => {
        reads += 1;
        if (reads % 3 === 0) old = new Map(index);
        return either.right(old.values());
      },
    };
  },
  'answers a removal before it is durable': ({ snapshots }) => ({ ...snapshots, remove: hasty(snapshots) }),
  'takes a full log for a success': ({ snapshots }) => ({
    ...snapshots,
    update: async (command, actor) => snapshots.update(command, actor).catch(() => snapshots.stat(command.key)),
  }),
};

function hasty(snapshots: Snapshots): Snapshots['remove'] {
  return async (command, actor) => {
    const removed = snapshots.remove(command, actor);
    removed.catch(() => {});
    const answer = snapshots.stat(command.key);
    return either.isLeft(answer) ? removed : either.right(undefined);
  };
}

for (const [what, serve] of Object.entries(wrongs))
  test(`a store that ${what} is detected`, async () => {
    for (let seed = 1; seed <= 2 * histories; seed++) if (!(await isExplained(seed, serve))) return;
    assert.unreachable(`every history of a store that ${what} could be explained`);
  });

test.run();
