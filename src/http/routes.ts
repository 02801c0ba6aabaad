import { plain } from './answers.ts';
import type { HttpAnswer, HttpRequest, Route } from './route.ts';
import { anchor } from './routes/audit/anchor.ts';
import { blame } from './routes/audit/blame.ts';
import { diff } from './routes/audit/diff.ts';
import { history } from './routes/audit/history.ts';
import { log } from './routes/audit/log.ts';
import { retained } from './routes/audit/retained.ts';
import { snapshots } from './routes/audit/snapshots.ts';
import type { AuditSource } from './routes/audit/source.ts';
import { stat } from './routes/audit/stat.ts';
import { stats } from './routes/audit/stats.ts';
import { tree } from './routes/audit/tree.ts';
import { why } from './routes/audit/why.ts';
import { type EventsSource, events } from './routes/events.ts';
import { type ForwardSource, forward } from './routes/forward.ts';
import { type HealthSource, liveness, readiness } from './routes/health.ts';
import { type MetricsSource, metrics } from './routes/metrics.ts';
import { type ReconcileSource, reconcile } from './routes/reconcile.ts';
import { type RestoreSource, restore } from './routes/restore.ts';

/** What the daemon offers over HTTP: what each route needs. */
export type Sources = MetricsSource &
  HealthSource &
  ForwardSource &
  ReconcileSource &
  RestoreSource &
  EventsSource &
  AuditSource;

/** Every path; openapi.json beside this file documents all of them. */
export const routes: readonly Route<Sources>[] = [
  metrics,
  liveness,
  readiness,
  events,
  forward,
  reconcile,
  restore,
  history,
  log,
  tree,
  snapshots,
  stat,
  stats,
  diff,
  blame,
  anchor,
  why,
  retained,
];

const byPath = new Map(routes.map((route) => [route.path, route]));

/** The answer to a request: 404 for an unknown path, 405 for a method that the path doesn't have. */
export async function answerTo(
  { method, url, headers }: Omit<HttpRequest, 'query'> & { readonly url: string },
  sources: Sources,
): Promise<HttpAnswer> {
  if (!url.startsWith('/') || !URL.canParse(`http://localhost${url}`)) return plain(400, 'not a path');
  const { pathname, searchParams: query } = new URL(`http://localhost${url}`);
  const route = byPath.get(pathname);
  if (route === undefined) return plain(404, `no such path; there are ${[...byPath.keys()].join(', ')}`);
  if (!route.methods.includes(method))
    return plain(405, `use ${route.methods.join(' or ')}`, { allow: route.methods.join(', ') });
  return route.answer({ method, query, headers }, sources);
}
