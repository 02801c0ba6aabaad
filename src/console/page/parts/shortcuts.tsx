import { useEffect, useRef, useState } from 'preact/hooks';
import { hashOf, type View } from '../model/address.ts';

const offKey = 'snapledger.shortcuts';
const areOff = () => localStorage.getItem(offKey) === 'off';

/** Whether keys write into an element. A closing dialog leaves the focus on its checkbox for a moment. */
const typing = (target: EventTarget | null) =>
  target instanceof HTMLInputElement
    ? !['range', 'checkbox'].includes(target.type)
    : target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement;

/** Focuses the first part that is marked for a key, as `data-key="/"`. */
function focusMarked(key: string): boolean {
  const marked = document.querySelector<HTMLElement>(`[data-key="${key}"]`);
  marked?.focus();
  return marked !== null;
}

/** Single keys work outside of fields, and can be switched off for those whose speech or tremor would press them. */
export function useShortcuts(views: readonly View[], help: () => void): void {
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      const { key } = event;
      if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || areOff()) return;
      if (document.querySelector('dialog[open]') !== null) return;
      const view = /^[1-9]$/.test(key) ? views[Number(key) - 1] : undefined;
      if (key === '?') help();
      else if (view !== undefined) location.hash = hashOf(view);
      else if (key === '/') {
        if (!focusMarked('/')) openAndFocus('store', '/');
      } else if (key === 't') {
        if (!focusMarked('t')) openAndFocus('store', 't');
      } else return;
      event.preventDefault();
    };
    addEventListener('keydown', pressed);
    return () => removeEventListener('keydown', pressed);
  }, [views, help]);
}

/** Opens a view and focuses its part as soon as it is there, within a minute, unless a person goes elsewhere before. */
function openAndFocus(view: View, key: string): void {
  const hash = hashOf(view);
  location.hash = hash;
  const until = performance.now() + 60_000;
  const attempt = () => {
    if (location.hash !== hash || typing(document.activeElement) || performance.now() > until) return;
    if (!focusMarked(key)) requestAnimationFrame(attempt);
  };
  requestAnimationFrame(attempt);
}

const keys = [
  ['1 … 6', 'Timeline, Store, Compare, Disk, Health, and Fleet if a database of one is set'],
  ['/', 'search'],
  ['t', 'time slider; then ← and → for one event, Page Up and Page Down for a tenth of the log'],
  ['↑ ↓', 'previous and next line of a list'],
  ['→ ←', 'open and close an image of the Store'],
  ['Enter', 'open the snapshot of a line'],
  ['?', 'this help'],
] as const;

export function Help({ close }: { readonly close: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [off, setOff] = useState(areOff);
  useEffect(() => dialog.current?.showModal(), []);
  const toggle = () => {
    localStorage.setItem(offKey, off ? 'on' : 'off');
    setOff(!off);
  };
  return (
    <dialog ref={dialog} onClose={close} aria-labelledby="help-title">
      <h2 id="help-title">Keyboard</h2>
      <dl class="keys">
        {keys.map(([key, what]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <label>
        <input type="checkbox" checked={!off} onChange={toggle} /> use single keys
      </label>
      <p>Every view has an address that can be shared, and the command that says the same.</p>
      <form method="dialog">
        <button type="submit">Close</button>
      </form>
    </dialog>
  );
}
