/**
 * Runs an action once the answers that were given in this turn of the event loop have left the process: `node:http2` writes an answer in
 * the next turn, and its trailers in the one after that.
 */
export function afterAnswers(action: () => void): void {
  setImmediate(() => setImmediate(action));
}

/** Resolves when the answers that were given in this turn of the event loop have left the process. */
export const answersSent = (): Promise<void> => new Promise((resolve) => afterAnswers(resolve));
