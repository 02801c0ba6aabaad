import { useEffect, useMemo, useState } from 'preact/hooks';
import { type Address, addressIn, hashOf, type Values, type View } from './model/address.ts';

/** The address in the browser's bar, as it changes. */
export function useAddress(): Address {
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    const changed = () => setHash(location.hash);
    addEventListener('hashchange', changed);
    // An effect runs after the first picture: the address may be another one by then.
    changed();
    return () => removeEventListener('hashchange', changed);
  }, []);
  return useMemo(() => addressIn(hash), [hash]);
}

/** The address in the browser's bar now. Until the page has heard of its change it shows the one before. */
export const addressNow = (): Address => addressIn(location.hash);

/**
 * Changes values of a view in the address as it is now: values that were changed meanwhile are kept, and nothing is done if another
 * view was opened meanwhile. `replace`: Back leaves out what was typed or dragged.
 */
export function changeAddress(view: View, values: Values, how: 'add' | 'replace' = 'add'): void {
  const now = addressNow();
  if (now.view !== view) return;
  const hash = hashOf(view, { ...now.values, ...values });
  if (how === 'add') {
    location.hash = hash;
    return;
  }
  history.replaceState(null, '', hash);
  dispatchEvent(new HashChangeEvent('hashchange'));
}
