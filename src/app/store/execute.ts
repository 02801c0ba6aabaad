import * as either from 'fp-ts/lib/Either.js';
import type { Meta } from '../../../events/envelope.ts';
import type { Event } from '../../../events/registry.ts';
import type { State } from '../../../projections/state.ts';
import type { Answer, Command } from '../../domain/commands.ts';
import { type Decision, decide, type Rules } from '../../domain/decide.ts';
import type { Failpoint } from '../../ports/failpoints.ts';
import { isFull, isTransient } from '../../ports/fault.ts';
import type { Logger } from '../../ports/logger.ts';
import type { Uptime } from '../../ports/system.ts';
import type { VolumeDriver } from '../../ports/volume-driver.ts';
import type { PoolFiller } from '../background/pool-filler.ts';
import type { Purger } from '../background/purger.ts';
import type { UsageMeter } from '../background/usage-meter.ts';
import type { Retention } from '../retention/retention.ts';
import type { StagingSources } from '../retention/staging-sources.ts';
import type { AnswerInTime } from './answer-in-time.ts';
import type { Journal, RecordOptions } from './journal.ts';
import type { KeyLocks } from './key-locks.ts';
import type { ForeignVolumes, RolledBack } from './new-ids.ts';
import type { Retrier, Undo } from './undo.ts';

/** When a layer's data is flushed: before its commit is recorded, or not by us. */
export type Durability = 'commit' | 'background';

/** What the use cases work with. */
export interface StoreContext {
  readonly journal: Journal;
  readonly driver: VolumeDriver;
  readonly locks: KeyLocks;
  readonly answerInTime: AnswerInTime;
  readonly rolledBack: RolledBack;
  readonly foreign: ForeignVolumes;
  readonly purger: Purger;
  readonly pool: Pick<PoolFiller, 'drain'>;
  readonly retention: Retention;
  /** undefined: no layer is staged */
  readonly sources: StagingSources | undefined;
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

/** What a command adds to the steps of a change. */
export interface Steps<C extends Command, T> {
  readonly name: 'prepare' | 'commit' | 'remove' | 'update';
  readonly actor: Meta;
  /**
   * Before the event: begins what must be on disk first, and resolves with the command, which is then decided again. Undefined if
   * nothing is left to do.
   */
  before?(decision: Decision, command: C): Promise<C> | undefined;
  /** What is appended, and how; the events of the decision, for `actor`, by default. */
  append?(events: readonly Event[]): readonly [events: readonly Event[], options: RecordOptions];
  /** While the event is appended; `state` contains it until the first await. Returns the value of the call's answer. */
  during(state: State): T | Promise<T>;
  /** Undoes on disk what `before` and `during` did. Never rejects. */
  undo?(failure: Failure): Promise<unknown>;
  /** When the event is durable. */
  after?(): Promise<void> | void;
  /** Whether a lack of space may be answered with another attempt; always, by default. */
  retryable?(): boolean;
}

/** Why a change is undone. */
export interface Failure {
  /** `decide`: no event was accepted; `append`: it was rolled back; `during`: it is durable, and the disk has failed */
  readonly step: 'decide' | 'append' | 'during';
  readonly error: unknown;
}

/**
 * The steps of a change, the same for every command: the only place that knows the order of log and disk. Answers when the event is on
 * stable storage; a refusal is a left answer. Rejects with a Fault, and what is on disk is then undone.
 */
export function execute<C extends Command, T>(
  context: StoreContext,
  command: C,
  steps: Steps<C, T>,
): Promise<Answer<T>> {
  const { journal, locks, rolledBack, rules } = context;
  // 1. Lock the keys: changes of one key take place one after the other.
  return locks.run(keysOf(command), () =>
    // 2. Out of space: empty the pool, wait for purges, evict retained layers, and retry.
    retryAfterFreeing(context, steps, async () => {
      for (let asked = command; ; ) {
        // 3. Wait for rolled-back prepares: no newer id may be durable before their volumes are gone.
        while (asked.type === 'Prepare' && rolledBack.pending) await rolledBack.gone();
        // 4. Decide on the newest state.
        const { position } = journal.latest;
        const decision = decide(journal.latest, asked, rules);
        const { answer, events, adopts } = decision;
        // 5. Before the event: flush and freeze the layer (Commit), or verify the one to adopt (Prepare). Then decide again.
        const disk = either.isRight(answer) || adopts !== undefined ? steps.before?.(decision, asked) : undefined;
        if (disk !== undefined) asked = await disk;
        else if (events.length > 0) {
          // 6. - 9. Record the events in the same turn, so that nothing can come between.
          const recorded = record(context, decision, steps);
          return asked.type === 'Prepare' ? rolledBack.track(recorded) : recorded;
        } else if (either.isLeft(answer) && (await isDurable(journal, position))) {
          // A refusal counts when the state that it is based on is durable: else that may be rolled back.
          await steps.undo?.({ step: 'decide', error: answer.left.text });
          return answer;
        }
      }
    }),
  );
}

async function record<C extends Command, T>(
  { journal, failpoint }: StoreContext,
  { events, answer }: Decision,
  steps: Steps<C, T>,
): Promise<Answer<T>> {
  const refused = either.isLeft(answer);
  const { name, during, undo, after } = refused ? restoring : steps;
  const { position } = journal.latest;
  // 6. Append the events. If the log refuses them, the state stays as it was.
  const appended = (async () => {
    failpoint(`${name}.append`);
    await journal.record(...(steps.append?.(events) ?? ([events, { actor: steps.actor }] as const)));
  })();
  const accepted = journal.latest.position > position;
  // 7. During that: create the volume (Prepare).
  const [log, disk] = await Promise.allSettled([
    appended,
    accepted ? (async () => during(journal.latest))() : undefined,
  ]);
  if (log.status === 'rejected') {
    const error: unknown = log.reason;
    // If it is unknown whether the event is in the log, the next start decides about the disk.
    if (!accepted || isTransient(error)) await undo?.({ step: accepted ? 'append' : 'decide', error });
    throw error;
  }
  if (disk.status === 'rejected') {
    await undo?.({ step: 'during', error: disk.reason });
    throw disk.reason;
  }
  // 8. Durable. After that: drop the active's rest (Commit), wait for the purge (Remove, if `sync`).
  await after?.();
  failpoint(`${name}.answer`);
  // 9. Answer.
  return refused ? answer : either.right(disk.value as T);
}

/** A retained layer that is restored instead of a new one exists already: there is nothing to do on disk. */
const restoring: Pick<Steps<never, undefined>, 'during' | 'undo' | 'after'> & { readonly name: 'restore' } = {
  name: 'restore',
  during: () => undefined,
};

const keysOf = (command: Command): readonly string[] =>
  command.type === 'Commit' ? [command.key, command.name] : [command.key];

/** Resolves with whether all events up to a position became durable. */
async function isDurable(journal: Journal, position: number): Promise<boolean> {
  const { rollbacks } = journal;
  if (position === journal.durable.position) return true;
  await journal.settled();
  return journal.rollbacks === rollbacks;
}

/**
 * Repeats an attempt as long as it fails for lack of space that volumes made ahead or retained layers occupy. The undo of a failed
 * attempt may be incomplete: a refusal of a later one that only this explains is not the answer, the failure is.
 */
async function retryAfterFreeing<T>(
  { pool, retention }: Pick<StoreContext, 'pool' | 'retention'>,
  { retryable = () => true }: Pick<Steps<never, T>, 'retryable'>,
  attempt: () => Promise<Answer<T>>,
): Promise<Answer<T>> {
  let failed: unknown;
  for (let count = 0; ; )
    try {
      const answer = await attempt();
      if (failed !== undefined && either.isLeft(answer)) throw failed;
      return answer;
    } catch (error) {
      failed = error;
      if (!isFull(error)) throw error;
      const drained = await pool.drain();
      if (!retryable() || !(drained || (await retention.freeSpace(count++)))) throw error;
    }
}
