import type { ForwardReport } from '../app/forward/status.ts';
import { actionRow, type Described } from '../app/reconciler/action-row.ts';

/** Whether the daemon does its work, and if not, why. */
export interface Health {
  readonly serving: boolean;
  readonly reason: string;
}

/** What the daemon offers to the socket. */
export interface Sources {
  metrics(): Promise<{ readonly contentType: string; readonly body: string }>;
  health(): Health;
  /** how the forwarding of the log stands; nothing is forwarded where this is missing */
  forward?(): ForwardReport;
  /** Brings the disk to what the log says and answers what was done; with `dryRun` only what would be. */
  reconcile(options: { readonly dryRun: boolean }): Promise<readonly Described[]>;
}

export interface HttpAnswer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

interface Request {
  readonly method: string;
  readonly url: string;
}

type Route = (query: URLSearchParams, sources: Sources) => Promise<HttpAnswer>;

const reading = ['GET', 'HEAD'];
const routes: Readonly<Record<string, { readonly methods: readonly string[]; readonly route: Route }>> = {
  '/metrics': { methods: reading, route: metrics },
  '/healthz': { methods: reading, route: async () => plain(200, 'ok') },
  '/readyz': { methods: reading, route: readiness },
  '/forward': { methods: reading, route: forward },
  '/reconcile': { methods: ['POST'], route: reconcile },
};

/** The answer to a request: 404 for an unknown path, 405 for a method that the path doesn't have. */
export async function answerTo({ method, url }: Request, sources: Sources): Promise<HttpAnswer> {
  if (!URL.canParse(url, 'http://localhost')) return plain(400, 'not a path');
  const { pathname, searchParams } = new URL(url, 'http://localhost');
  const found = Object.hasOwn(routes, pathname) ? routes[pathname] : undefined;
  if (found === undefined) return plain(404, `no such path; there are ${Object.keys(routes).join(', ')}`);
  if (!found.methods.includes(method))
    return {
      ...plain(405, `use ${found.methods.join(' or ')}`),
      headers: { allow: found.methods.join(', ') },
    };
  return found.route(searchParams, sources);
}

async function metrics(_query: URLSearchParams, sources: Sources): Promise<HttpAnswer> {
  const { contentType, body } = await sources.metrics();
  return { status: 200, type: contentType, body };
}

async function readiness(_query: URLSearchParams, sources: Sources): Promise<HttpAnswer> {
  const { serving, reason } = sources.health();
  return serving ? plain(200, 'ready') : plain(503, reason);
}

async function forward(_query: URLSearchParams, sources: Sources): Promise<HttpAnswer> {
  const report: ForwardReport = sources.forward?.() ?? { state: 'off' };
  return { status: 200, type: 'application/json', body: `${JSON.stringify(report)}\n` };
}

/** A misspelt `dry-run` must not reconcile in earnest: what is not understood is refused. */
async function reconcile(query: URLSearchParams, sources: Sources): Promise<HttpAnswer> {
  const strange = [...query].find(([name, value]) => name !== 'dry-run' || !['0', '1'].includes(value));
  if (strange !== undefined) return plain(400, `${strange.join('=')}: the one parameter is dry-run=1 or dry-run=0`);
  const actions = await sources.reconcile({ dryRun: query.getAll('dry-run').includes('1') });
  return { status: 200, type: 'application/json', body: `${JSON.stringify(actions.map(actionRow))}\n` };
}

const plain = (status: number, text: string): HttpAnswer => ({ status, type: 'text/plain', body: `${text}\n` });
