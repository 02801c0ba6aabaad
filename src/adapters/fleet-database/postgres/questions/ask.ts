import { faultCode } from '../../../../ports/fault.ts';
import type { Session } from '../connection/session.ts';

/** Runs a statement and resolves with its rows, as arrays. */
export type Ask = (text: string, values?: readonly unknown[]) => Promise<readonly (readonly unknown[])[]>;

interface Sessions {
  readonly ask: Ask;
  /** A session that is busy is closed when its statement has ended. */
  close(): Promise<void>;
}

/**
 * Sessions that are opened when all others are busy, up to `max`; then statements wait. A connection that was lost while nothing was asked
 * is replaced.
 */
export function createSessions(open: () => Promise<Session>, max: number): Sessions {
  const idle: Session[] = [];
  const waiting: (() => void)[] = [];
  let busy = 0;
  let closed = false;
  const askOn = async (session: Session, text: string, values: readonly unknown[]) => {
    try {
      const rows = await session.rows(text, values);
      if (closed) await session.close();
      else idle.push(session);
      return rows;
    } catch (error) {
      await session.close();
      throw error;
    }
  };
  const closeIdle = async () => void (await Promise.all(idle.splice(0).map((session) => session.close())));
  const ask: Ask = async (text, values = []) => {
    const used = idle.pop();
    try {
      if (used !== undefined) return await askOn(used, text, values);
    } catch (error) {
      if (faultCode(error) !== 'io') throw error;
      await closeIdle();
    }
    return askOn(await open(), text, values);
  };
  const turn: Ask = async (text, values) => {
    if (busy < max) busy += 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await ask(text, values);
    } finally {
      // The next one gets this one's place, in the order of the calls.
      const next = waiting.shift();
      if (next === undefined) busy -= 1;
      else next();
    }
  };
  return {
    ask: turn,
    close: () => {
      closed = true;
      return closeIdle();
    },
  };
}
