import type { Meta } from '../../events/envelope.ts';

/** Who acts when nobody asked. */
export const reconcilerActor: Meta = { actor: 'reconciler' };
/** Who acts from the command line, and for the store's own life. */
export const operatorActor: Meta = { actor: 'operator' };
/** Who tells of what containerd does. */
export const containerdActor: Meta = { actor: 'containerd' };
