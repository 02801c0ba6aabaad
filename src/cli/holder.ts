import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as t from 'io-ts';

const Holder = t.type({ pid: t.number, address: t.string, http: t.string }, 'Holder');
export type Holder = t.TypeOf<typeof Holder>;

/** Who holds or last held a root's lock, as the lock file tells; undefined where it tells nothing. The process may be gone. */
export function holderOf(root: string): Holder | undefined {
  try {
    const told: unknown = JSON.parse(readFileSync(join(root, 'lock'), 'utf8'));
    return Holder.is(told) ? told : undefined;
  } catch {
    return undefined;
  }
}
