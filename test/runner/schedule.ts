import type { Suite } from './suites.ts';

/**
 * Runs all jobs, the first ones first: at most `lanes` at once, and at most as many of one suite as its width. Rejects with the
 * first failure, after which no job starts.
 */
export async function runAll<Job extends { readonly suite: Pick<Suite, 'name' | 'width'> }>(
  jobs: readonly Job[],
  lanes: number,
  run: (job: Job) => Promise<void>,
): Promise<void> {
  const waiting = [...jobs];
  const running = new Map<string, number>();
  const isFree = ({ name, width }: Job['suite']) => (running.get(name) ?? 0) < width;
  // Jobs that a lane leaves behind at its end are taken by those that run their suite.
  const lane = async () => {
    for (;;) {
      const index = waiting.findIndex(({ suite }) => isFree(suite));
      const [job] = index < 0 ? [] : waiting.splice(index, 1);
      if (job === undefined) return;
      const { name } = job.suite;
      running.set(name, (running.get(name) ?? 0) + 1);
      await run(job).catch((error) => {
        waiting.length = 0;
        throw error;
      });
      running.set(name, (running.get(name) ?? 0) - 1);
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}
