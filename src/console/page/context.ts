import { type ComponentChildren, createContext } from 'preact';
import { useContext, useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { audit, type BehaviorSubject, distinctUntilChanged, filter, interval, type Observable } from 'rxjs';
import type { Live } from './api/live.ts';
import type { LiveMessage, Session } from './api/rows.ts';
import type { Address } from './model/address.ts';

/** What all views share. */
export interface Page {
  readonly session: Session;
  readonly live: Live;
  readonly address: Address;
  /** times in UTC instead of the reader's zone */
  readonly utc: boolean;
  /** Shows a dialog until it calls `close`, whatever becomes of the part that opened it: live events change the views. */
  readonly openDialog: (dialog: (close: () => void) => ComponentChildren) => void;
}

const Context = createContext<Page | undefined>(undefined);
export const PageProvider = Context.Provider;

export function usePage(): Page {
  const page = useContext(Context);
  if (page === undefined) throw new TypeError('no page around this part');
  return page;
}

/** Calls for every live message while the part is shown. */
export function useMessages(handle: (message: LiveMessage) => void): void {
  const { live } = usePage();
  const newest = useRef(handle);
  newest.current = handle;
  useEffect(() => {
    const subscription = live.messages.subscribe((message) => newest.current(message));
    return () => subscription.unsubscribe();
  }, [live]);
}

/** What was emitted last. */
function useEmitted<T>(of: Observable<T>, first: T): T {
  const [value, setValue] = useState(first);
  useEffect(() => {
    const subscription = of.subscribe((next) => setValue(() => next));
    return () => subscription.unsubscribe();
  }, [of]);
  return value;
}

/** The value of a subject, as it changes. */
export const useValue = <T>(of: BehaviorSubject<T>): T => useEmitted(of, of.value);

/** The newest position, at most once a second and while the page is visible: for views that ask again when the store has changed. */
export function useNewestPosition(): number {
  const { position } = usePage().live;
  const paced = useMemo(
    () =>
      position.pipe(
        distinctUntilChanged(),
        audit(() => interval(1000).pipe(filter(() => !document.hidden))),
      ),
    [position],
  );
  return useEmitted(paced, position.value);
}
