import { useState } from 'preact/hooks';
import type { Connection } from '../api/live.ts';
import { useMessages, usePage, useValue } from '../context.ts';
import { countText } from '../model/units.ts';

const words: Readonly<Record<Connection, string>> = {
  connecting: 'Connecting',
  live: 'Live',
  polling: 'Live, by polling',
  lost: 'Connection lost, trying again',
  refused: 'Signed out: open the printed address again',
};

/** Whether the page follows the store, and whether a daemon runs. A store that was replaced needs the page anew. */
export function ConnectionState() {
  const { live } = usePage();
  const [connection, position, daemon] = [useValue(live.connection), useValue(live.position), useValue(live.daemon)];
  const [ended, setEnded] = useState('');
  useMessages((message) => {
    if (message.kind === 'replaced') setEnded('Another store is at this root now.');
    if (message.kind === 'gone') setEnded('The log was cut: what is shown may no longer exist.');
  });
  return (
    <div class={`connection ${connection}`}>
      <span role="status">
        <span class="dot" aria-hidden="true" /> {words[connection]}
        {!daemon && (
          <>
            , <strong class="bad">daemon stopped</strong>
          </>
        )}
      </span>
      <span class="number" title="Position of the newest event">
        position {countText(position)}
      </span>
      {ended !== '' && (
        <span role="alert">
          {ended}{' '}
          <button type="button" onClick={() => location.reload()}>
            Reload
          </button>
        </span>
      )}
    </div>
  );
}
