import {
  BehaviorSubject,
  defer,
  exhaustMap,
  from,
  mergeMap,
  Observable,
  repeat,
  retry,
  share,
  TimeoutError,
  takeUntil,
  tap,
  timeout,
  timer,
} from 'rxjs';
import { ask, Problem, pathOf } from './ask.ts';
import type { LiveMessage, Session } from './rows.ts';

/** `polling`: nothing arrives as a stream, as behind a proxy that buffers, so the page asks every few seconds. */
export type Connection = 'connecting' | 'live' | 'polling' | 'lost' | 'refused';

export interface Live {
  /** What the store does from now on. Shared by all that subscribe, connected while any does; never errors. */
  readonly messages: Observable<LiveMessage>;
  readonly connection: BehaviorSubject<Connection>;
  /** of the newest event that was reported */
  readonly position: BehaviorSubject<number>;
  /** whether one runs */
  readonly daemon: BehaviorSubject<boolean>;
}

/** The server sends at least one message in 5 s. */
const silence = 12_000;
const pollInterval = 2000;
/** after which a page that polls tries the stream again: a machine that slept was silent too */
const pollPeriod = 120_000;
const longestPause = 10_000;

/** Follows the store from what a session began with, and mends a lost connection with growing pauses. No message is missed or repeated. */
export function createLive(session: Pick<Session, 'position' | 'live'>): Live {
  const connection = new BehaviorSubject<Connection>('connecting');
  const position = new BehaviorSubject(Number(session.position));
  const daemon = new BehaviorSubject(session.live);
  let after = position.value;
  const canStream = typeof EventSource !== 'undefined';
  let streams = canStream;
  const messages = defer(() => (streams ? streamed(after) : polled(() => after))).pipe(
    tap({
      next: (message) => {
        if (message.kind === 'events') {
          after = Number(message.to);
          position.next(after);
        } else if (message.kind === 'state') {
          position.next(Number(message.position));
          daemon.next(message.daemon === 'running');
        }
        connection.next(streams ? 'live' : 'polling');
      },
      complete: () => {
        streams = canStream;
      },
    }),
    retry({
      resetOnSuccess: true,
      delay: (error, count) => {
        if (error instanceof TimeoutError) streams = false;
        connection.next(error instanceof Problem && error.status === 401 ? 'refused' : 'lost');
        return timer(Math.min(500 * 2 ** (count - 1), longestPause));
      },
    }),
    repeat(),
    share(),
  );
  return { messages, connection, position, daemon };
}

const streamed = (after: number): Observable<LiveMessage> =>
  new Observable<LiveMessage>((observer) => {
    const source = new EventSource(pathOf('live', { after }));
    source.onmessage = ({ data }) => observer.next(JSON.parse(String(data)) as LiveMessage);
    // An EventSource does not say why it failed, and tries again at its own pace: the page asks, and sets the pace.
    source.onerror = () => {
      source.close();
      ask('session').then(
        () => observer.error(new Problem(0, 'the stream ended', '')),
        (error: unknown) => observer.error(error),
      );
    };
    return () => source.close();
  }).pipe(timeout({ each: silence }));

/** Completes after a while. */
const polled = (after: () => number): Observable<LiveMessage> =>
  timer(0, pollInterval).pipe(
    exhaustMap(() => from(ask<readonly LiveMessage[]>('poll', { after: after() })).pipe(timeout(silence))),
    mergeMap((messages) => messages),
    takeUntil(timer(pollPeriod)),
  );
