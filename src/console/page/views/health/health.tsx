import { ReconcileButton } from './reconcile.tsx';
import { StatusPanels } from './status.tsx';
import { Verify } from './verify.tsx';

/** Whether the store is well: what the daemon does, what the log is like, and the checks of `verify` on request. */
export function Health() {
  return (
    <>
      <StatusPanels />
      <Verify />
      <ReconcileButton />
    </>
  );
}
