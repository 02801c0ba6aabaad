import { Fault } from '../../../../ports/fault.ts';
import type { ClusterPosition } from '../../../../ports/fleet-source.ts';
import type { Session } from '../connection/session.ts';

/** The tables as they were read or written last. */
export interface Fence {
  /** oid of the table `progress` */
  readonly tables: string;
  /** the transaction that wrote its row */
  readonly written: string;
}

/** The tables as they are now. */
export async function readFence(session: Session): Promise<Fence> {
  const [[tables, written] = []] = await session.rows('SELECT tableoid::text, xmin::text FROM progress');
  return { tables: String(tables), written: String(written) };
}

/** Every write to the row of `progress` gives it another `xmin`, also if no value changes. Tables that replaced these have another oid. */
const isUnchanged = 'tableoid = $1::oid AND xmin = $2::xid';
const valuesOf = ({ tables, written }: Fence) => [tables, written];

/** Writes the position of a batch, in the transaction under way. Returns the fence after it. */
export async function moveOn(session: Session, before: Fence, at: ClusterPosition): Promise<Fence> {
  const [[written] = []] = await session.rows(
    `UPDATE progress SET commit_position = $3, prepare_position = $4, written = now() WHERE ${isUnchanged} RETURNING xmin::text`,
    [...valuesOf(before), at.commit, at.prepare],
    'progress',
  );
  if (written === undefined) throw changedTables(session);
  return { ...before, written: String(written) };
}

/** A session whose transactions begin with a check that the tables are as they were, and hold other writers off. */
export const fenced = (session: Session, fence: () => Fence): Session => ({
  ...session,
  transaction: (work) =>
    session.transaction(async () => {
      const held = await session.run(`SELECT FROM progress WHERE ${isUnchanged} FOR UPDATE`, valuesOf(fence()));
      if (held !== 1) throw changedTables(session);
      return work();
    }),
});

/**
 * Breaks the fence of every other session once the transaction under way is committed: the row has another `xmin` although no value
 * changes. Waits for a batch under way, and holds off the next one, an exchange and other removals.
 */
export const breakFence = (session: Session) => session.run('UPDATE progress SET one = one');

const changedTables = ({ where }: Session) =>
  new Fault('busy', `${where}: another process has written or exchanged the tables`, {
    hint: 'it is read again where indexing stands',
  });
