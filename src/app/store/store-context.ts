import * as either from 'fp-ts/lib/Either.js';
import type { Event } from '../../../events/registry.ts';
import type { Command } from '../../domain/commands.ts';
import { decide, type Rules } from '../../domain/decide.ts';
import type { Answer } from '../../domain/refusal.ts';
import type { Failpoint } from '../../ports/failpoints.ts';
import type { Logger } from '../../ports/logger.ts';
import type { Uptime } from '../../ports/system.ts';
import type { VolumeDriver } from '../../ports/volume-driver.ts';
import type { Purger } from '../background/purger.ts';
import type { UsageMeter } from '../background/usage-meter.ts';
import type { Retention } from '../retention/retention.ts';
import type { ForeignVolumes } from './foreign-volumes.ts';
import type { Journal } from './journal.ts';
import type { KeyLocks } from './key-locks.ts';
import type { Retrier } from './retrier.ts';
import type { GivenBack } from './rolled-back.ts';
import type { Undo } from './undo.ts';

/** When a layer's data is flushed: before its commit is recorded, or not by us. */
export type Durability = 'commit' | 'background';

/** What the use cases work with. */
export interface StoreContext {
  readonly journal: Journal;
  readonly driver: VolumeDriver;
  readonly locks: KeyLocks;
  readonly givenBack: GivenBack;
  readonly foreign: ForeignVolumes;
  readonly purger: Purger;
  readonly keeper: Retention;
  readonly meter: UsageMeter;
  readonly retrier: Retrier;
  readonly undo: Undo;
  readonly rules: Rules;
  readonly durability: Durability;
  /** `sync`: Remove answers when the volume is off the disk */
  readonly removal: 'background' | 'sync';
  readonly failpoint: Failpoint;
  readonly logger: Logger;
  readonly uptime: Uptime;
}

/**
 * Decides on the newest state and, where the answer is yes, starts to act in the same turn, so that nothing can come
 * between. A refusal that may rest on events which are not yet durable is given only when they are, and decided
 * again when the log gave them back.
 */
export async function decideAndAct<T>(
  { journal, rules, givenBack }: StoreContext,
  command: Command,
  act: (events: readonly Event[]) => Promise<T>,
): Promise<Answer<T>> {
  for (;;) {
    while (command.type === 'Prepare' && givenBack.pending) await givenBack.gone();
    const { setbacks, latest } = journal;
    const decided = decide(latest, command, rules);
    if (either.isRight(decided)) return either.right(await act(decided.right));
    if (latest.position === journal.durable.position) return decided;
    await journal.settled();
    if (journal.setbacks === setbacks) return decided;
  }
}
