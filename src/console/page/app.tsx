import type { ComponentChildren } from 'preact';
import { useEffect, useMemo, useState } from 'preact/hooks';
import { useAddress } from './address-bar.ts';
import { Problem } from './api/ask.ts';
import { createLive, type Live } from './api/live.ts';
import type { Session } from './api/rows.ts';
import { useAnswer } from './api/use-answer.ts';
import { type Page, PageProvider } from './context.ts';
import { hashOf, navigationOf, type View } from './model/address.ts';
import { ConnectionState } from './parts/connection.tsx';
import { CopyCommand } from './parts/copy.tsx';
import { Login } from './parts/login.tsx';
import { Help, useShortcuts } from './parts/shortcuts.tsx';
import { Await, Failed } from './parts/states.tsx';
import { titles, ViewOf } from './views/views.tsx';

export function App() {
  const session = useAnswer<Session>('session');
  const { problem, reload } = session;
  if (problem?.status === 401) return <Login done={reload} />;
  return (
    <Await of={session} what="Opening the store">
      {(found) => <Store key={found.store} session={found} />}
    </Await>
  );
}

const zoneKey = 'snapledger.utc';

function Store({ session }: { readonly session: Session }) {
  const address = useAddress();
  const [live] = useState<Live>(() => createLive(session));
  const [utc, setUtc] = useState(() => localStorage.getItem(zoneKey) === '1');
  const [dialog, setDialog] = useState<ComponentChildren>(null);
  const page = useMemo<Page>(() => {
    const openDialog: Page['openDialog'] = (make) => {
      // A dialog reports its end late: another one may be open by then.
      const opened = make(() => setDialog((now: ComponentChildren) => (now === opened ? null : now)));
      setDialog(opened);
    };
    return { session, live, address, utc, openDialog };
  }, [session, live, address, utc]);
  const help = () => page.openDialog((close) => <Help close={close} />);
  const { view } = address;
  const views = useMemo(() => navigationOf(session), [session]);
  useShortcuts(views, help);
  useEffect(() => {
    document.title = `${titles[view]} – snapledger`;
  }, [view]);
  const changeZone = () => {
    localStorage.setItem(zoneKey, utc ? '0' : '1');
    setUtc(!utc);
  };
  return (
    <PageProvider value={page}>
      <header>
        <button type="button" class="skip" onClick={() => document.getElementById('main')?.focus()}>
          Skip to the content
        </button>
        <Navigation views={views} current={view} />
        <ConnectionState />
        <button type="button" onClick={changeZone} title="Zone of all times">
          {utc ? 'UTC' : 'Local time'}
        </button>
        <button type="button" onClick={help} aria-keyshortcuts="?">
          Help
        </button>
      </header>
      <main id="main" tabIndex={-1}>
        <div class="heading">
          <h1>{titles[view]}</h1>
          <CopyCommand />
        </div>
        {session.error !== null && (
          <Failed problem={new Problem(500, session.error, session.hint ?? '')} retry={() => location.reload()} />
        )}
        <ViewOf key={view} view={view} />
      </main>
      {dialog}
    </PageProvider>
  );
}

function Navigation({ views, current }: { readonly views: readonly View[]; readonly current: View }) {
  return (
    <nav aria-label="Views">
      {views.map((view) => (
        <a key={view} href={hashOf(view)} aria-current={view === current ? 'page' : undefined}>
          {titles[view]}
        </a>
      ))}
    </nav>
  );
}
