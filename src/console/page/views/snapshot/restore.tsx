import { change } from '../../api/ask.ts';
import { usePage } from '../../context.ts';
import { Confirm } from '../../parts/confirm.tsx';

/** Restores a retained layer after a confirmation. */
export function RestoreButton({ id }: { readonly id: string }) {
  const { session, openDialog } = usePage();
  if (session.readOnly)
    return <span class="summary">this console is read-only: `snapledger restore {id}` restores it</span>;
  const ask = () =>
    openDialog((close) => (
      <Confirm
        title={`Restore layer ${id}?`}
        action="Restore"
        run={() => change<readonly { key: string }[]>('restore', { name: id, confirm: id }, session.csrf)}
        done={(restored) => `restored ${restored.map(({ key }) => key).join(', ')}`}
        close={close}
      >
        <p>
          The layer and its retained parents exist again under their names. containerd decides what becomes of them.
        </p>
      </Confirm>
    ));
  return (
    <button type="button" onClick={ask}>
      Restore…
    </button>
  );
}
