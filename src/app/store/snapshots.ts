import type { Meta } from '../../../events/envelope.ts';
import type { Snapshot } from '../../../projections/snapshot.ts';
import type { Commit, Prepare, Remove, Update } from '../../domain/commands.ts';
import type { Answer } from '../../domain/refusal.ts';
import type { Mount, Usage } from '../../ports/volume-driver.ts';

/**
 * The use cases that the gRPC edge offers. A refusal is a left answer, a Fault is thrown. Every answer to a change is
 * given only when its event is on stable storage; every read shows durable state alone, and waits for nothing else.
 */
export interface Snapshots {
  prepare(command: Prepare, actor: Meta): Promise<Answer<readonly Mount[]>>;
  commit(command: Commit, actor: Meta): Promise<Answer<void>>;
  remove(command: Remove, actor: Meta): Promise<Answer<void>>;
  update(command: Update, actor: Meta): Promise<Answer<Snapshot>>;
  mounts(key: string): Promise<Answer<readonly Mount[]>>;
  /** `signal`: the client has hung up, nothing needs to be measured for it any more. */
  usage(key: string, signal?: AbortSignal): Promise<Answer<Usage>>;
  stat(key: string): Answer<Snapshot>;
  /** One consistent state, whatever changes while it is read. Filters are containerd's, OR-ed; none lists all. */
  list(filters: readonly string[]): Answer<Iterable<Snapshot>>;
  /** Resolves when what was removed before the call is off the disk. */
  cleanup(): Promise<void>;
}
