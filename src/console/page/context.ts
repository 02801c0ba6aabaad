import { createContext } from 'preact';
import { useContext, useEffect, useRef, useState } from 'preact/hooks';
import type { Connection, Live } from './api/live.ts';
import type { LiveMessage, Session } from './api/rows.ts';
import type { Address } from './model/address.ts';

/** What all views share. */
export interface Page {
  readonly session: Session;
  readonly live: Live;
  readonly address: Address;
  /** times in UTC instead of the reader's zone */
  readonly utc: boolean;
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

export function useConnection(live: Live): Connection {
  const [state, setState] = useState<Connection>(live.connection.value);
  useEffect(() => {
    const subscription = live.connection.subscribe(setState);
    return () => subscription.unsubscribe();
  }, [live]);
  return state;
}

/** The newest position, at most once a second and while the page is visible: for views that ask again when the store has changed. */
export function useNewestPosition(): number {
  const { live } = usePage();
  const [position, setPosition] = useState(() => live.newest());
  const pending = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const newest = useRef(position);
  useMessages((message) => {
    if (message.kind !== 'events' && message.kind !== 'state') return;
    newest.current = Number(message.kind === 'events' ? message.to : message.position);
    if (newest.current === position || pending.current !== undefined) return;
    const update = () => {
      pending.current = document.hidden ? setTimeout(update, 1000) : undefined;
      if (!document.hidden) setPosition(newest.current);
    };
    pending.current = setTimeout(update, 1000);
  });
  useEffect(() => () => clearTimeout(pending.current), []);
  return position;
}

/** Shows another address in place of this one, so that Back leaves out what was typed or dragged. */
export function replaceAddress(hash: string): void {
  history.replaceState(null, '', hash);
  dispatchEvent(new HashChangeEvent('hashchange'));
}
