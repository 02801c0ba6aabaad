import { plain } from '../answers.ts';
import { type Route, reading } from '../route.ts';

/** Whether the daemon does its work, and if not, why. */
export interface Health {
  readonly serving: boolean;
  readonly reason: string;
}

export interface HealthSource {
  health(): Health;
}

/** The process answers: that is all there is to know. */
export const liveness: Route<unknown> = {
  path: '/healthz',
  methods: reading,
  answer: async () => plain(200, 'ok'),
};

export const readiness: Route<HealthSource> = {
  path: '/readyz',
  methods: reading,
  answer: async (_request, sources) => {
    const { serving, reason } = sources.health();
    return serving ? plain(200, 'ready') : plain(503, reason);
  },
};
