import type { Health } from '../../api/rows.ts';
import { useAnswer } from '../../api/use-answer.ts';
import { useNewestPosition, usePage, useValue } from '../../context.ts';
import { Await } from '../../parts/states.tsx';
import { Foreign } from '../../parts/text.tsx';
import { Checkpoints, DiskFacts, Forwarder, LogFacts, Pipelines } from './facts.tsx';
import { Flushes } from './flushes.tsx';

/** What daemon, log, checkpoints and disk are like. */
export function StatusPanels() {
  const { session, live } = usePage();
  const running = useValue(live.daemon);
  const health = useAnswer<Health>('health', {}, `${useNewestPosition()} ${running}`);
  return (
    <Await of={health} what="Asking the daemon">
      {({ daemon, forward, pipelines, flush, log, checkpoints, disk, retention }) => (
        <div class="panels">
          <section aria-labelledby="store-panel">
            <h2 id="store-panel">Store</h2>
            <dl class="facts">
              <dt>Daemon</dt>
              <dd>{daemonText(daemon)}</dd>
              <dt>Node</dt>
              <dd>
                <Foreign text={session.node} />
              </dd>
              <dt>Root</dt>
              <dd>
                <Foreign text={session.root} whole />
              </dd>
              <dt>Driver</dt>
              <dd>
                {session.driver}, version {session.version}
              </dd>
              <dt>Store id</dt>
              <dd>
                <Foreign text={session.store} whole />
              </dd>
              <DiskFacts disk={disk} retention={retention} />
            </dl>
          </section>
          <section aria-labelledby="log-panel">
            <h2 id="log-panel">Log and checkpoints</h2>
            <LogFacts log={log} />
            <Checkpoints checkpoints={checkpoints} />
          </section>
          <section aria-labelledby="pipelines-panel">
            <h2 id="pipelines-panel">Background work</h2>
            <Pipelines pipelines={pipelines} />
          </section>
          <section aria-labelledby="flush-panel">
            <h2 id="flush-panel">Flushes of the log</h2>
            <Flushes flush={flush} />
          </section>
          <section aria-labelledby="forward-panel">
            <h2 id="forward-panel">Forwarding</h2>
            <dl class="facts">
              <Forwarder forward={forward} />
            </dl>
          </section>
        </div>
      )}
    </Await>
  );
}

function daemonText(daemon: Health['daemon']): string {
  if (daemon === null) return 'stopped: what is shown is read from its files';
  return daemon.serving ? `serving, process ${daemon.pid}` : `not serving, process ${daemon.pid}: ${daemon.reason}`;
}
