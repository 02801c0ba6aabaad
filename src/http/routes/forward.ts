import type { ForwardReport } from '../../app/forward/status.ts';
import { asJson } from '../answers.ts';
import { type Route, reading } from '../route.ts';

export interface ForwardSource {
  /** how the forwarding of the log stands; nothing is forwarded where this is missing */
  forward?(): ForwardReport;
}

export const forward: Route<ForwardSource> = {
  path: '/forward',
  methods: reading,
  answer: async (_request, sources) => asJson(sources.forward?.() ?? { state: 'off' }),
};
