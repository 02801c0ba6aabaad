import * as t from 'io-ts';
import type { ForwardReport } from '../../app/forward/status.ts';
import { asJson, jsonOf, plain, type Route, reading, textOf } from '../route.ts';

/** Whether the daemon serves, and if not, why. */
export interface Health {
  readonly serving: boolean;
  readonly reason: string;
}

export interface StatusSource {
  metrics(): Promise<{ readonly contentType: string; readonly body: string }>;
  health(): Health;
  /** absent: nothing is forwarded */
  forward?(): ForwardReport;
}

/** The daemon's own state. */
export const statusRoutes: readonly Route<StatusSource>[] = [
  {
    path: '/metrics',
    methods: reading,
    summary: "metrics in Prometheus' text format",
    parameters: {},
    answers: { 200: textOf('metrics') },
    answer: async (_request, sources) => {
      const { contentType, body } = await sources.metrics();
      return { status: 200, type: contentType, body };
    },
  },
  {
    path: '/healthz',
    methods: reading,
    summary: 'the process responds',
    parameters: {},
    answers: { 200: textOf('ok') },
    answer: async () => plain(200, 'ok'),
  },
  {
    path: '/readyz',
    methods: reading,
    summary: 'the store accepts changes',
    parameters: {},
    answers: { 200: textOf('ready'), 503: textOf('the reason') },
    answer: async (_request, sources) => {
      const { serving, reason } = sources.health();
      return serving ? plain(200, 'ready') : plain(503, reason);
    },
  },
  {
    path: '/forward',
    methods: reading,
    summary: 'state of forwarding',
    parameters: {},
    answers: { 200: jsonOf(t.UnknownRecord) },
    answer: async (_request, sources) => asJson(sources.forward?.() ?? { state: 'off' }),
  },
];
