import { setTimeout as pause } from 'node:timers/promises';
import type { Serving } from '../../fault/serving.ts';
import { CallFailure } from '../../support/snapshots-client.ts';

export interface Writers {
  /** Finishes the current calls, and pauses. */
  rest(): void;
  work(): void;
  end(): Promise<void>;
}

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
          .prepare(`w${writer}/${turn}`, { labels: { turn: String(turn) } })
          .then(() => (turn % 3 === 0 ? undefined : client.remove(`w${writer}/${turn}`).catch(tolerate)), tolerate);
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
