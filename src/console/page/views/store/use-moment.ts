import { useEffect, useRef, useState } from 'preact/hooks';
import { addressNow, changeAddress } from '../../address-bar.ts';
import { usePage } from '../../context.ts';

/** milliseconds without a move after which the address follows: browsers refuse more than some twenty changes a second */
const rest = 250;

interface Moving {
  /** the moment to show, empty for now */
  readonly at: string;
  readonly move: (at: string) => void;
}

/** The moment of the address, or the one that the slider was moved to since. */
export function useMoment(): Moving {
  const { at = '' } = usePage().address.values;
  const [moved, move] = useState<string>();
  const written = useRef<string>(undefined);
  useEffect(() => {
    // The slider may have moved on since its own change of the address. One by a link or by Back counts.
    if (at !== written.current) move(undefined);
    written.current = undefined;
  }, [at]);
  useEffect(() => {
    if (moved === undefined || moved === at) return;
    const timer = setTimeout(() => {
      // One that was opened meanwhile counts.
      if ((addressNow().values.at ?? '') !== at) return;
      written.current = moved;
      changeAddress('store', { at: moved }, 'replace');
    }, rest);
    return () => clearTimeout(timer);
  }, [moved, at]);
  return { at: moved ?? at, move };
}
