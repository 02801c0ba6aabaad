import type { Meta } from '../../events/envelope.ts';

/** For what the daemon does by itself. */
export const reconcilerActor: Meta = { actor: 'reconciler' };
/** For commands, and for opening and closing the store. */
export const operatorActor: Meta = { actor: 'operator' };
/** For events reported by containerd. */
export const containerdActor: Meta = { actor: 'containerd' };
