import { setTimeout as pause } from 'node:timers/promises';
import type { Serving } from '../../fault/serving.ts';
import { CallFailure, type SnapshotsClient } from '../../support/snapshots-client.ts';
import { labelsOf } from './labels.ts';

export interface Writers {
  /** Finishes the current calls, and pauses. */
  rest(): void;
  work(): void;
  end(): Promise<void>;
}

/** What a writer does with a new snapshot: keep, relabel or remove it. */
const next = async (client: SnapshotsClient, key: string, turn: number): Promise<unknown> =>
  [
    async () => undefined,
    () => client.update(key, { team: `team-${turn + 1}`, 'io.example/owner': 'someone' }),
    () => client.remove(key),
  ][turn % 3]?.();

/** Writers that tolerate restarts of the daemon and check nothing. */
export function startWriters(serving: Serving, count: number): Writers {
  let resting = false;
  let over = false;
  const write = async (writer: number) => {
    const client = serving.connect();
    const tolerate = async (error: unknown) => {
      if (!over && !(error instanceof CallFailure)) throw error;
      await pause(20);
    };
    for (let turn = 0; !over; turn++) {
      if (resting) await pause(20);
      else
        await client
          .prepare(`w${writer}/${turn}`, { labels: labelsOf(turn) })
          .then(() => next(client, `w${writer}/${turn}`, turn).catch(tolerate), tolerate);
    }
    client.close();
  };
  const all = Promise.all(Array.from({ length: count }, (_, writer) => write(writer)));
  return {
    rest: () => {
      resting = true;
    },
    work: () => {
      resting = false;
    },
    end: async () => {
      over = true;
      await all;
    },
  };
}
