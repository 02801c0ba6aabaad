import { Gauge, type Registry } from 'prom-client';
import type { ForwardStatus } from '../app/forward/status.ts';

interface Sources {
  /** position of the newest durable event */
  durable(): number;
  /** undefined where nothing is forwarded */
  status(): ForwardStatus | undefined;
}

const states = ['connecting', 'forwarding', 'retrying', 'stopped'] as const;

/** How the forwarding stands, read when somebody asks. Without forwarding there are no such figures. */
export function createForwardMetrics(registry: Registry, { durable, status }: Sources): void {
  const gauge = (name: string, help: string, read: (status: ForwardStatus) => number) =>
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        const now = status();
        if (now === undefined) this.remove();
        else this.set(read(now));
      },
    });
  gauge('snapledger_forward_position', 'Position of the last event that the cluster holds', ({ position }) => position);
  gauge('snapledger_forward_lag_events', 'Durable events that the cluster does not hold yet', ({ position }) =>
    Math.max(0, durable() - position),
  );
  gauge('snapledger_forward_failures', 'How often forwarding failed since the start', ({ failures }) => failures);
  new Gauge({
    name: 'snapledger_forward_state',
    help: '1 for the state that the forwarding is in; the last error stands beside it',
    labelNames: ['state', 'error'],
    registers: [registry],
    collect() {
      this.reset();
      const now = status();
      if (now === undefined) return;
      for (const state of states) {
        const is = state === now.state;
        this.set({ state, error: is ? now.error : '' }, is ? 1 : 0);
      }
    },
  });
}
