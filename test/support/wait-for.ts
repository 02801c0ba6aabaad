import { createConnection } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Asks until the answer is true, less and less often; rejects with `what` after a limit (default: two minutes; a machine that
 * is only busy must not fail a test), or as soon as asking throws. `what` may be a function, which is called at the end: it can
 * say what was seen last.
 */
export async function waitFor(
  what: string | (() => string),
  ask: () => boolean | Promise<boolean>,
  { limit = 120_000, pause = 20 } = {},
): Promise<void> {
  const end = performance.now() + limit;
  for (let next = pause; !(await ask()); next = Math.min(next * 1.2, pause * 5)) {
    if (performance.now() > end)
      throw new Error(`waited ${limit} ms in vain for ${typeof what === 'string' ? what : what()}`);
    await sleep(next);
  }
}

/** Whether a server accepts connections: on a unix socket's path, or on a loopback port. */
export function answers(address: string | number): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = typeof address === 'number' ? createConnection(address, '127.0.0.1') : createConnection(address);
    connection.once('connect', () => {
      connection.destroy();
      resolve(true);
    });
    connection.once('error', () => resolve(false));
  });
}
