import { type Route, reading } from '../route.ts';

export interface MetricsSource {
  metrics(): Promise<{ readonly contentType: string; readonly body: string }>;
}

export const metrics: Route<MetricsSource> = {
  path: '/metrics',
  methods: reading,
  answer: async (_request, sources) => {
    const { contentType, body } = await sources.metrics();
    return { status: 200, type: contentType, body };
  },
};
