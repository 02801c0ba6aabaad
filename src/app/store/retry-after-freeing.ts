import * as either from 'fp-ts/lib/Either.js';
import type { Answer } from '../../domain/refusal.ts';
import { isFull } from '../../ports/fault.ts';
import type { Retention } from '../retention/retention.ts';

/**
 * Does a deed, and again as often as it fails for want of space that retained layers hold. What undid the failed try may
 * have been incomplete: a refusal that only it can explain is not the answer, the failure is.
 */
export async function withRoom<T>(
  { keeper }: { readonly keeper: Pick<Retention, 'freeSpace'> },
  deed: () => Promise<Answer<T>>,
): Promise<Answer<T>> {
  let failed: unknown;
  for (let attempt = 0; ; attempt++)
    try {
      const answer = await deed();
      if (attempt > 0 && either.isLeft(answer)) throw failed;
      return answer;
    } catch (error) {
      failed = error;
      if (!isFull(error) || !(await keeper.freeSpace(attempt))) throw error;
    }
}
