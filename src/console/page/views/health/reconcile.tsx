import { useState } from 'preact/hooks';
import { change } from '../../api/ask.ts';
import type { Action } from '../../api/rows.ts';
import { usePage, useValue } from '../../context.ts';
import { counted } from '../../model/units.ts';
import { Confirm } from '../../parts/confirm.tsx';
import { Scroll } from '../../parts/scroll.tsx';
import { Foreign } from '../../parts/text.tsx';

/** Shows what reconciling would do, then does it after a confirmation. Needs a running daemon. */
export function ReconcileButton() {
  const { session, live, openDialog } = usePage();
  const running = useValue(live.daemon);
  const [problem, setProblem] = useState('');
  if (session.readOnly || !running)
    return (
      <section aria-labelledby="reconcile">
        <h2 id="reconcile">Reconcile</h2>
        <p class="summary">
          {session.readOnly ? 'This console is read-only' : 'No daemon is running'}: use `snapledger reconcile`.
        </p>
      </section>
    );
  const ask = (plan: readonly Action[]) =>
    openDialog((close) => (
      <Confirm
        title="Reconcile the disk with the log?"
        action="Reconcile"
        run={() => change<readonly Action[]>('reconcile', { confirm: 'reconcile' }, session.csrf)}
        done={(actions) => `done: ${counted(actions.length, 'action')}`}
        close={close}
      >
        {plan.length === 0 ? <p>The disk matches the log: there is nothing to do.</p> : <Plan actions={plan} />}
      </Confirm>
    ));
  const look = () =>
    change<readonly Action[]>('reconcile', { 'dry-run': '1' }, session.csrf).then(
      (plan) => {
        setProblem('');
        ask(plan);
      },
      (error: Error) => setProblem(error.message),
    );
  return (
    <section aria-labelledby="reconcile">
      <h2 id="reconcile">Reconcile</h2>
      <p class="summary">Makes the disk match the log. First it shows what would be done.</p>
      <button type="button" onClick={look}>
        Show the plan…
      </button>
      {problem !== '' && <p role="alert">{problem}</p>}
    </section>
  );
}

const Plan = ({ actions }: { readonly actions: readonly Action[] }) => (
  <Scroll of="plan">
    <ul>
      {actions.map(({ type, why, path, key, id }) => (
        <li key={`${type} ${id} ${path}`}>
          {type} <Foreign text={key ?? path ?? String(id ?? '')} />: {why}
        </li>
      ))}
    </ul>
  </Scroll>
);
