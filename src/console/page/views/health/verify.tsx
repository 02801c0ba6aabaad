import { useEffect, useRef, useState } from 'preact/hooks';
import { ask } from '../../api/ask.ts';
import type { Verified } from '../../api/rows.ts';
import { problemIn } from '../../api/use-answer.ts';
import { countText } from '../../model/units.ts';
import { Failed } from '../../parts/states.tsx';
import { Foreign } from '../../parts/text.tsx';

type Run = 'none' | 'running' | { readonly report: Verified } | { readonly error: unknown };

const verdicts: Readonly<Record<number, string>> = { 0: 'All in order', 1: 'Not in order', 3: 'Damaged' };

/** Runs the checks of `snapledger verify` when asked: they read the whole log and look at every directory. */
export function Verify() {
  const [run, setRun] = useState<Run>('none');
  const cancel = useRef<AbortController | undefined>(undefined);
  useEffect(() => () => cancel.current?.abort(), []);
  const start = () => {
    cancel.current = new AbortController();
    setRun('running');
    ask<Verified>('verify', {}, cancel.current.signal).then(
      (report) => setRun({ report }),
      (error: unknown) => setRun({ error }),
    );
  };
  return (
    <section aria-labelledby="verify">
      <h2 id="verify">Verify</h2>
      <p class="summary">Checks log, projections, parents and disk, and changes nothing.</p>
      <button type="button" class="primary" disabled={run === 'running'} onClick={start}>
        Verify now
      </button>
      <div role="status">
        {run === 'running' && <progress aria-label="Checking log, projections, parents and disk" />}
        {typeof run === 'object' && 'report' in run && <strong>{verdicts[run.report.status] ?? ''}</strong>}
      </div>
      {typeof run === 'object' && 'error' in run && <Failed problem={problemIn(run.error)} retry={start} />}
      {typeof run === 'object' && 'report' in run && <Steps steps={run.report.steps} />}
    </section>
  );
}

const Steps = ({ steps }: Pick<Verified, 'steps'>) => (
  <ul class="steps">
    {steps.map(({ step, figures, findings, notes }) => (
      <li key={step} class={findings.length === 0 ? 'good' : 'bad'}>
        <strong>
          {findings.length === 0 ? '✓' : '✗'} {step}
        </strong>{' '}
        <span class="summary">
          {Object.entries(figures)
            .map(([what, count]) => `${countText(count)} ${what}`)
            .join(', ')}
        </span>
        {findings.map(({ what, todo }) => (
          <div key={what} class="failed">
            <p>
              <Foreign text={what} whole />
            </p>
            <p>
              <Foreign text={todo} whole />
            </p>
          </div>
        ))}
        {notes.map((note) => (
          <p key={note} class="summary">
            <Foreign text={note} whole />
          </p>
        ))}
      </li>
    ))}
  </ul>
);
