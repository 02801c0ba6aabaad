import { setTimeout as pause } from 'node:timers/promises';
import { Observable, type Subscriber } from 'rxjs';
import { Fault, type FaultCode } from '../../ports/fault.ts';

export interface Reconnecting {
  /** called for a lost connection, with the milliseconds until the next attempt */
  readonly onRetry?: ((error: unknown, pause: number) => void) | undefined;
  /** milliseconds; the pause doubles from the one to the other, and is reset by a delivery */
  readonly pauses?: { readonly first: number; readonly max: number } | undefined;
}

const passing: ReadonlySet<FaultCode> = new Set<FaultCode>(['io', 'busy', 'stopped']);

/** What a source delivers, which is read again by `read` after a lost connection. Ends with the source, or by the signal. */
export async function* reconnecting<T>(
  read: () => AsyncIterable<T>,
  { onRetry, pauses = { first: 100, max: 30_000 } }: Reconnecting,
  signal: AbortSignal,
): AsyncGenerator<T> {
  for (let wait = pauses.first; !signal.aborted; wait = Math.min(pauses.max, wait * 2)) {
    const reading = read()[Symbol.asyncIterator]();
    try {
      for (;;) {
        const next = await reading.next();
        if (next.done === true || signal.aborted) return;
        wait = pauses.first;
        yield next.value;
      }
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof Fault && passing.has(error.code))) throw error;
      onRetry?.(error, wait);
    } finally {
      await reading.return?.();
    }
    await pause(wait, undefined, { signal }).catch(() => {});
  }
}

/** What `deliver` passes to an observer, until it resolves or rejects. Its signal is aborted when the subscription ends. */
export function delivered<T>(deliver: (observer: Subscriber<T>, signal: AbortSignal) => Promise<void>): Observable<T> {
  return new Observable((observer) => {
    const ended = new AbortController();
    deliver(observer, ended.signal).then(
      () => observer.complete(),
      (error: unknown) => observer.error(error),
    );
    return () => ended.abort();
  });
}
